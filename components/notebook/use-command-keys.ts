"use client";
// Command mode: Jupyter's keys with their meaning, ours on free ones. Doubled keys (D D, I I, 0 0) count within 600 ms.
import { useEffect, useRef } from "react";
import { isTyping } from "#components/shell/palette.tsx";

export type Commands = Partial<
  Record<
    | "up"
    | "down"
    | "edit"
    | "leave"
    | "above"
    | "below"
    | "markdown"
    | "code"
    | "remove"
    | "undo"
    | "run"
    | "runOn"
    | "stop"
    | "restart"
    | "promote"
    | "fold"
    | "moveUp"
    | "moveDown",
    () => void
  >
>;

const single: Record<string, keyof Commands> = {
  ArrowUp: "up",
  k: "up",
  ArrowDown: "down",
  j: "down",
  Enter: "edit",
  Escape: "leave", // heard here only while the editor is still loading; afterwards it hears Escape itself
  a: "above",
  b: "below",
  m: "markdown",
  y: "code",
  z: "undo",
  p: "promote",
  o: "fold",
};
const doubled: Record<string, keyof Commands> = { d: "remove", i: "stop", 0: "restart" };

/** Hears keys while nobody types; commands may change at every render. */
export const useCommandKeys = (commands: Commands): void => {
  const latest = useRef(commands);
  latest.current = commands;
  const last = useRef({ key: "", at: 0 });
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
      const perform = (name: keyof Commands): void => {
        const command = latest.current[name];
        if (!command) return;
        event.preventDefault();
        command();
      };
      if (event.key === "Enter" && event.shiftKey) return perform("runOn");
      if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) return perform("run");
      if (event.altKey && event.key === "ArrowUp") return perform("moveUp");
      if (event.altKey && event.key === "ArrowDown") return perform("moveDown");
      if (event.metaKey || event.ctrlKey || event.altKey || event.shiftKey) return;
      const twice = doubled[event.key];
      if (twice) {
        const isSecond = last.current.key === event.key && Date.now() - last.current.at < 600;
        last.current = isSecond ? { key: "", at: 0 } : { key: event.key, at: Date.now() };
        if (isSecond) perform(twice);
        return;
      }
      last.current = { key: event.key, at: Date.now() };
      const name = single[event.key];
      if (name) perform(name);
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, []);
};
