"use client";
// Hearing news of the workspace: one event stream a page, events carry ids, and the page looks again.
import { useRouter } from "next/navigation";
import { useEffect, useRef } from "react";

type News = { id: number; topic: string; subject: string };
type Listener = (news: News) => void;
const streams = new Map<string, { source: EventSource; listeners: Set<Listener> }>();

const listen = (workspace: string, listener: Listener): (() => void) => {
  let stream = streams.get(workspace);
  if (!stream) {
    stream = { source: new EventSource(`/api/v1/events?workspace=${encodeURIComponent(workspace)}`), listeners: new Set() };
    const { listeners } = stream;
    stream.source.onmessage = (event) => {
      const news = JSON.parse(event.data as string) as News;
      for (const one of listeners) one(news);
    };
    streams.set(workspace, stream);
  }
  stream.listeners.add(listener);
  const mine = stream;
  return () => {
    mine.listeners.delete(listener);
    if (mine.listeners.size > 0) return;
    mine.source.close();
    if (streams.get(workspace) === mine) streams.delete(workspace);
  };
};

/** Refreshes the page (or calls `onNews`) when one of the topics has news; many at once count as one. */
export const useLive = (workspace: string, topics: readonly string[], onNews?: (news: News) => void): void => {
  const router = useRouter();
  const act = useRef(onNews);
  act.current = onNews;
  const key = topics.join(" ");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const wanted = new Set(key.split(" "));
    const stop = listen(workspace, (news) => {
      if (!wanted.has(news.topic)) return;
      if (act.current) return act.current(news);
      timer ??= setTimeout(() => {
        timer = null;
        router.refresh();
      }, 300);
    });
    return () => {
      stop();
      if (timer) clearTimeout(timer);
    };
  }, [workspace, key, router]);
};

/** For server pages: renders nothing, keeps the page fresh. */
export const Live = ({ workspace, topics }: { workspace: string; topics: readonly string[] }): null => {
  useLive(workspace, topics);
  return null;
};
