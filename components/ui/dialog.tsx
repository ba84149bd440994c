"use client";
// A question with consequences: the safe answer at left with Esc, the verb at right. Native <dialog>, so focus and Esc are the browser's.
import { type ReactNode, useEffect, useRef } from "react";

type Props = {
  title: string;
  children: ReactNode;
  verb?: string;
  safe?: string;
  isBusy?: boolean;
  isDisabled?: boolean;
  isWide?: boolean;
  problem?: string | null;
  onVerb?: () => void;
  onClose: () => void;
};

/** Opens as soon as it is rendered; whoever renders it decides when it goes. */
export const Dialog = ({ title, children, verb, safe = "Cancel", isBusy, isDisabled, isWide, problem, onVerb, onClose }: Props) => {
  const own = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = own.current;
    if (dialog && !dialog.open) dialog.showModal();
  }, []);
  return (
    <dialog ref={own} className={isWide ? "wide" : ""} aria-label={title} onClose={onClose} onCancel={onClose}>
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy && !isDisabled) onVerb?.();
        }}
      >
        <h2>{title}</h2>
        {children}
        <footer>
          {problem ? (
            <p className="problem" role="alert">
              {problem}
            </p>
          ) : null}
          <button type="button" className="btn quiet" onClick={onClose}>
            {safe} <kbd>Esc</kbd>
          </button>
          {verb ? (
            <button type="submit" className="btn primary" disabled={isBusy || isDisabled}>
              {verb}
            </button>
          ) : null}
        </footer>
      </form>
    </dialog>
  );
};
