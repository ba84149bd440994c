// The frame of every page inside: rail, top bar, page, title block. The rail shows the rooms that exist.
import type { ReactNode } from "react";
import { DriftCount } from "#components/shell/drift-count.tsx";
import { Palette } from "#components/shell/palette.tsx";
import { Face, pencilOf } from "#components/ui/figures.tsx";
import { Icon, type IconName, Mark } from "#components/ui/icon.tsx";

const groups: { title: string; rooms: { name: IconName; word: string }[] }[] = [
  {
    title: "Write",
    rooms: [
      { name: "notebooks", word: "Notebooks" },
      { name: "datasets", word: "Datasets" },
    ],
  },
  {
    title: "Learn",
    rooms: [
      { name: "experiments", word: "Experiments" },
      { name: "tuning", word: "Tuning" },
      { name: "evaluation", word: "Evaluation" },
    ],
  },
  {
    title: "Ship",
    rooms: [
      { name: "models", word: "Models" },
      { name: "pipelines", word: "Pipelines" },
      { name: "serving", word: "Serving" },
      { name: "monitoring", word: "Monitoring" },
    ],
  },
  {
    title: "House",
    rooms: [
      { name: "costs", word: "Costs" },
      { name: "settings", word: "Settings" },
    ],
  },
];

export type Crumb = { word: string; href?: string };
type Props = {
  workspace: string;
  person: string;
  room?: string;
  crumbs: Crumb[];
  actions?: ReactNode;
  faces?: ReactNode;
  block?: ReactNode;
  isClosed?: boolean;
  children: ReactNode;
};

const Rail = ({ workspace, room }: { workspace: string; room?: string }) => (
  <nav className="rail" aria-label="Workspace">
    <a className="brand" href={`/${workspace}`} aria-label="Atelier, home">
      <Mark />
      <span>Atelier</span>
    </a>
    {groups.map((group, i) => (
      <div key={group.title}>
        {i > 0 ? <hr /> : null}
        <h2>{group.title}</h2>
        {group.rooms.map((one) => (
          <a
            key={one.name}
            className="place"
            href={`/${workspace}/${one.name}`}
            title={one.word}
            {...(room === one.name ? { "aria-current": "page" as const } : {})}
          >
            <Icon name={one.name} />
            <span>{one.word}</span>
            {one.name === "monitoring" ? <DriftCount workspace={workspace} /> : null}
          </a>
        ))}
      </div>
    ))}
  </nav>
);

/** Lays a page into the house. Children bring their own `main.page` (or another main with its grid area). */
export const Frame = ({ workspace, person, room, crumbs, actions, faces, block, isClosed, children }: Props) => (
  <div className={`frame ${isClosed ? "closed" : ""}`}>
    <Rail workspace={workspace} {...(room ? { room } : {})} />
    <header className="top">
      <nav className="crumbs" aria-label="Where you are">
        {crumbs.map((crumb, i) => (
          <span key={crumb.word} className="row">
            {i > 0 ? <i>/</i> : null}
            {crumb.href ? <a href={crumb.href}>{crumb.word}</a> : <b>{crumb.word}</b>}
          </span>
        ))}
      </nav>
      <div className="grow" />
      {faces ?? <Face name={person} pencil={pencilOf(person)} />}
      {actions}
      <Palette workspace={workspace} />
    </header>
    {children}
    {block ?? (
      <footer className="block">
        <span>
          <span className="label">Workspace</span>
          {workspace}
        </span>
        <span>
          <span className="label">You</span>
          {person}
        </span>
        <span className="fill" />
        <span className="dim">
          Press <kbd>?</kbd> for every key on this page
        </span>
      </footer>
    )}
  </div>
);

/** The title line of a page: name, one sentence, actions at right. */
export const PageHead = ({ title, sentence, actions }: { title: ReactNode; sentence?: ReactNode; actions?: ReactNode }) => (
  <div className="headrow">
    <h1>{title}</h1>
    {sentence ? <p className="sentence">{sentence}</p> : null}
    <div className="grow" />
    {actions ? <div className="row">{actions}</div> : null}
  </div>
);
