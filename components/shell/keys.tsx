"use client";
// Every key of the house and of a notebook, in one dialog.
import { Dialog } from "#components/ui/dialog.tsx";

const everywhere: [string, string][] = [
  ["⌘K", "find or do"],
  ["?", "these keys"],
  ["G then N D E M P S", "go to a room"],
  ["Esc", "up one level"],
];
const notebook: [string, string][] = [
  ["Enter / Esc", "edit, leave"],
  ["↑ ↓ or J K", "move"],
  ["⇧↵", "run and go on"],
  ["⌘↵", "run"],
  ["A B", "cell above, below"],
  ["M Y", "markdown, code"],
  ["D D", "delete"],
  ["Z", "undo mine"],
  ["I I", "stop, keep variables"],
  ["0 0", "restart"],
  ["P", "promote"],
  ["O", "fold output"],
  ["⌥↑ ⌥↓", "move the cell"],
];

const cell: [string, string][] = [
  ["⌃Space", "complete"],
  ["F2", "rename in all cells"],
  ["F12", "go to the definition"],
  ["⇧⌥F", "format"],
];

const List = ({ title, keys }: { title: string; keys: [string, string][] }) => (
  <section>
    <h3 className="label">{title}</h3>
    {keys.map(([key, what]) => (
      <div key={key} className="row" style={{ height: 28 }}>
        <span style={{ width: 170 }}>
          <kbd>{key}</kbd>
        </span>
        <span className="soft">{what}</span>
      </div>
    ))}
  </section>
);

export const Keys = ({ onClose }: { onClose: () => void }) => (
  <Dialog title="Keys" safe="Close" onClose={onClose} isWide>
    <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr", gap: 24 }}>
      <div>
        <List title="Everywhere" keys={everywhere} />
        <List title="While writing a cell" keys={cell} />
      </div>
      <List title="In a notebook" keys={notebook} />
    </div>
  </Dialog>
);
