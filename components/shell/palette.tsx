"use client";
// Find or do: ⌘K everywhere. It lists rooms, commands, and notebooks, models, data sets, pipelines, endpoints and studies by name; `?` tells the keys; `G` then a letter jumps.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Keys } from "#components/shell/keys.tsx";
import { Icon, type IconName } from "#components/ui/icon.tsx";
import { listDatasets } from "#lib/datasets/contract.ts";
import { call } from "#lib/kit/call.ts";
import { listModels } from "#lib/models/contract.ts";
import { listNotebooks } from "#lib/notebooks/contract.ts";
import { listPipelines } from "#lib/pipelines/contract.ts";
import { listEndpoints } from "#lib/serving/contract.ts";
import { listStudies } from "#lib/tuning/contract.ts";

type Entry = { id: string; icon: IconName; text: string; kind: string; go: () => void };
const jumps: Record<string, string> = { n: "notebooks", d: "datasets", e: "experiments", m: "models", p: "pipelines", s: "serving" };
const rooms: IconName[] = [
  "notebooks",
  "datasets",
  "experiments",
  "tuning",
  "evaluation",
  "models",
  "pipelines",
  "serving",
  "monitoring",
  "costs",
  "settings",
];

export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest(".monaco-editor") !== null);

const setTheme = (theme: string): void => {
  document.documentElement.dataset.theme = theme;
  // biome-ignore lint/suspicious/noDocumentCookie: the server reads it to draw the next page without a flash
  document.cookie = `atelier-theme=${theme}; path=/; max-age=31536000; samesite=lax`;
};

const signOut = async (): Promise<void> => {
  await fetch("/api/auth/sign-out", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
  location.assign("/sign-in");
};

const named = async (workspace: string): Promise<Entry[]> => {
  const entry = (icon: IconName, kind: string, id: string, text: string, key: string): Entry => ({
    id,
    icon,
    text,
    kind,
    go: () => location.assign(`/${workspace}/${icon}/${encodeURIComponent(key)}`),
  });
  const [notebooks, models, datasets, pipelines, endpoints, studies] = await Promise.all([
    call(listNotebooks, { workspace }),
    call(listModels, { workspace }),
    call(listDatasets, { workspace }),
    call(listPipelines, { workspace }),
    call(listEndpoints, { workspace }),
    call(listStudies, { workspace }),
  ]);
  return [
    ...notebooks.items.map((one) => entry("notebooks", "notebook", one.id, one.title, one.id)),
    ...models.items.map((one) => entry("models", "model", one.id, one.name, one.name)),
    ...datasets.items.map((one) => entry("datasets", "data set", one.id, one.name, one.name)),
    ...pipelines.items.map((one) => entry("pipelines", "pipeline", one.id, one.name, one.name)),
    ...endpoints.items.map((one) => entry("serving", "endpoint", one.id, one.name, one.name)),
    ...studies.items.map((one) => entry("tuning", "study", one.id, one.name, one.name)),
  ];
};

export const Palette = ({ workspace }: { workspace: string }) => {
  const [open, setOpen] = useState<"no" | "find" | "keys">("no");
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const [found, setFound] = useState<Entry[]>([]);
  const dialog = useRef<HTMLDialogElement>(null);
  const isAfterG = useRef(false);

  const fixed = useMemo<Entry[]>(
    () => [
      ...rooms.map((room) => ({
        id: room,
        icon: room,
        text: room[0]!.toUpperCase() + room.slice(1),
        kind: "room",
        go: () => location.assign(`/${workspace}/${room}`),
      })),
      { id: "light", icon: "text", text: "Light", kind: "appearance", go: () => setTheme("light") },
      { id: "dark", icon: "text", text: "Dark", kind: "appearance", go: () => setTheme("dark") },
      { id: "out", icon: "back", text: "Sign out", kind: "you", go: () => void signOut() },
    ],
    [workspace],
  );

  const find = useCallback(() => {
    setQuery("");
    setAt(0);
    setOpen("find");
    named(workspace).then(setFound, () => {});
  }, [workspace]);

  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        return find();
      }
      if (isTyping(event.target) || event.metaKey || event.ctrlKey || event.altKey) return;
      const jump = jumps[event.key.toLowerCase()];
      if (isAfterG.current && jump) return location.assign(`/${workspace}/${jump}`);
      isAfterG.current = event.key === "g";
      if (event.key === "?") setOpen("keys");
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, [find, workspace]);

  useEffect(() => {
    if (open === "find" && dialog.current && !dialog.current.open) dialog.current.showModal();
  }, [open]);

  const shown = [...found, ...fixed].filter((one) => one.text.toLowerCase().includes(query.toLowerCase())).slice(0, 9);
  const go = (entry: Entry | undefined): void => {
    setOpen("no");
    entry?.go();
  };
  return (
    <>
      <button type="button" className="search" onClick={find}>
        <Icon name="search" />
        <span>Find or do anything</span>
        <kbd>⌘K</kbd>
      </button>
      {open === "keys" ? <Keys onClose={() => setOpen("no")} /> : null}
      {open === "find" ? (
        <dialog
          ref={dialog}
          aria-label="Find or do anything"
          onClose={() => setOpen("no")}
          style={{ padding: 0, width: 520, marginTop: "12vh" }}
        >
          <input
            className="plain"
            style={{ border: 0, height: 48, fontSize: 15 }}
            placeholder="Find or do anything"
            value={query}
            onChange={(event) => {
              setQuery(event.target.value);
              setAt(0);
            }}
            onKeyDown={(event) => {
              if (event.key === "ArrowDown") setAt((now) => Math.min(shown.length - 1, now + 1));
              else if (event.key === "ArrowUp") setAt((now) => Math.max(0, now - 1));
              else if (event.key === "Enter") go(shown[at]);
              else return;
              event.preventDefault();
            }}
          />
          <div role="listbox" aria-label="Found" className="menu" style={{ position: "static", boxShadow: "none" }}>
            {shown.map((one, i) => (
              <button
                key={one.kind + one.id}
                type="button"
                role="option"
                aria-selected={i === at}
                style={i === at ? { background: "var(--press)" } : {}}
                onClick={() => go(one)}
              >
                <Icon name={one.icon} /> {one.text} <span className="dim">{one.kind}</span>
              </button>
            ))}
            {shown.length === 0 ? (
              <p className="dim" style={{ padding: 12 }}>
                Nothing here has that name.
              </p>
            ) : null}
          </div>
        </dialog>
      ) : null}
    </>
  );
};
