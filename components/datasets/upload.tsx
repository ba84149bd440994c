"use client";
// Streams a file up and shows the bytes that have really gone. XMLHttpRequest, because fetch tells no upload progress.
import { useEffect, useState } from "react";
import { bytes, Steel } from "#components/ui/figures.tsx";

export const Upload = ({ workspace, dataset, file, onDone }: { workspace: string; dataset: string; file: File; onDone: () => void }) => {
  const [sent, setSent] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1/workspaces/${workspace}/datasets/${dataset}/versions?fileName=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = (event) => setSent(event.loaded);
    request.onload = () => {
      if (request.status < 300) return onDone();
      try {
        setProblem((JSON.parse(request.responseText) as { error: { message: string } }).error.message);
      } catch {
        setProblem(`The server answered ${request.status}. Try again.`);
      }
    };
    request.onerror = () => setProblem("The connection broke. Try again; nothing was kept.");
    request.send(file);
    return () => request.abort();
  }, [workspace, dataset, file, onDone]);
  const sentence = `${bytes(sent)} of ${bytes(file.size)}`;
  return (
    <div>
      <p className="row">
        <span className="grow">{file.name}</span>
        <span className="dim">{sentence}</span>
      </p>
      <Steel fraction={file.size === 0 ? 1 : sent / file.size} sentence={sentence} state={problem ? "failed" : "running"} />
      {problem ? (
        <p className="problem" role="alert">
          {problem}
        </p>
      ) : null}
    </div>
  );
};
