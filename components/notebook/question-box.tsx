"use client";
// What a running cell asks, under its output. Whoever ran it gets a box; others read whom it waits for. Stop ends the question.
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { call } from "#lib/kit/call.ts";
import { answerQuestion, type Question } from "#lib/sessions/contract.ts";

type Props = {
  workspace: string;
  notebook: string;
  personId: string | null;
  cell: string;
  question: Question;
  runBy: string;
};

/** The cursor goes into the box when it appears, unless somebody is typing elsewhere. */
export const QuestionBox = ({ workspace, notebook, personId, cell, question, runBy }: Props) => {
  const [value, setValue] = useState("");
  const box = useRef<HTMLInputElement>(null);
  const [isPending, setPending] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const at = document.activeElement;
    if (!at || at === document.body || at.closest(".cell")?.id === cell) box.current?.focus();
  }, [cell]);
  const words = question.prompt.trim() || "The cell asks";
  if (question.userId !== personId)
    return (
      <p className="why">
        {words} <span className="dim">waits for an answer from {runBy}</span>
      </p>
    );
  const send = async (): Promise<void> => {
    setPending(true);
    setProblem(null);
    try {
      await call(answerQuestion, { workspace, notebook, cell, value });
      setValue("");
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setPending(false);
  };
  /** Command keys of the notebook mean letters in here. */
  const keep = (event: KeyboardEvent): void => event.stopPropagation();
  return (
    <form
      className="ask"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label>
        <span>{words}</span>
        <input
          ref={box}
          type={question.isPassword ? "password" : "text"}
          autoComplete="off"
          value={value}
          onKeyDown={keep}
          onChange={(event) => setValue(event.target.value)}
        />
      </label>
      <button type="submit" className="btn" disabled={isPending}>
        Answer
      </button>
      {problem ? (
        <p className="problem" role="alert">
          {problem}
        </p>
      ) : null}
    </form>
  );
};
