// An empty state says what is missing and the next step, with one primary action at most.
import type { ReactNode } from "react";

export const Empty = ({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) => (
  <div className="empty">
    <h2>{title}</h2>
    <p>{children}</p>
    {action ? <div className="row">{action}</div> : null}
  </div>
);
