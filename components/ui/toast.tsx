"use client";
// What happened, and the way back. Six seconds, longer under the pointer or focus, at most two. A failure never lives only here.
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";

export type Toast = { text: string; isFailure?: boolean; action?: { label: string; run: () => void } };
type Shown = Toast & { id: number };

const Context = createContext<(toast: Toast) => void>(() => {});
let count = 0;

/** Says something at the foot of the page. */
export const useToast = () => useContext(Context);

const One = ({ toast, leave }: { toast: Shown; leave: () => void }) => {
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    if (isHeld) return;
    const timer = setTimeout(leave, 6000);
    return () => clearTimeout(timer);
  }, [isHeld, leave]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: holding a toast only keeps it longer
    <div
      className={`toast ${toast.isFailure ? "is-failed" : ""}`}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span>{toast.text}</span>
      {toast.action ? (
        <button
          type="button"
          className="btn quiet lk"
          onClick={() => {
            toast.action!.run();
            leave();
          }}
        >
          {toast.action.label}
        </button>
      ) : null}
    </div>
  );
};

/** Holds the toasts of everything inside. */
export const Toasts = ({ children }: { children: ReactNode }) => {
  const [shown, setShown] = useState<Shown[]>([]);
  const say = useCallback((toast: Toast) => setShown((now) => [...now.slice(-1), { ...toast, id: ++count }]), []);
  const leavers = useMemo(
    () => new Map(shown.map((one) => [one.id, () => setShown((now) => now.filter((other) => other.id !== one.id))])),
    [shown],
  );
  return (
    <Context value={say}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {shown.map((toast) => (
          <One key={toast.id} toast={toast} leave={leavers.get(toast.id)!} />
        ))}
      </div>
    </Context>
  );
};
