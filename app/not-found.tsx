// What is not here, or not yours: the same words for both.
import { Mark } from "#components/ui/icon.tsx";

export default function NotFound() {
  return (
    <main className="door">
      <section>
        <div className="brand" style={{ padding: 0 }}>
          <Mark />
          <span>Atelier</span>
        </div>
        <h1>There is nothing here.</h1>
        <p className="soft">The address is wrong, or what it names belongs to a workspace you are not in.</p>
        <p>
          <a className="lk" href="/">
            Go to your workspaces
          </a>
        </p>
      </section>
    </main>
  );
}
