// The root: straight into the first workspace of whoever is signed in.
import { redirect } from "next/navigation";
import { Empty } from "#components/ui/empty.tsx";
import { listWorkspaces } from "#lib/workspace/service.ts";
import { visit } from "#lib/workspace/visit.ts";

export default async function Root() {
  const { items } = await listWorkspaces(await visit(), {});
  if (items[0]) redirect(`/${items[0].slug}`);
  return (
    <main className="door">
      <section>
        <Empty title="You are in no workspace.">Ask an owner for an invitation link, then open it here.</Empty>
      </section>
    </main>
  );
}
