"use client";
// A page that broke on our side: what to do next, and nothing of the inside.
import { Mark } from "#components/ui/icon.tsx";

export default function PageError({ reset }: { error: Error; reset: () => void }) {
  return (
    <main className="door">
      <section>
        <div className="brand" style={{ padding: 0 }}>
          <Mark />
          <span>Atelier</span>
        </div>
        <h1>This page broke on our side.</h1>
        <p className="soft">What you wrote is kept. It is in the log with the time.</p>
        <p>
          <button type="button" className="btn primary" onClick={reset}>
            Try again
          </button>
        </p>
      </section>
    </main>
  );
}
