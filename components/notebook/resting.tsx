// The notebook before its document has arrived: the stored cells and outputs, readable at once.
import Markdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { Outputs } from "#components/notebook/outputs.tsx";
import { StaticCode } from "#components/notebook/static-code.tsx";
import type { Cell } from "#lib/notebooks/contract.ts";
import type { Output } from "#lib/sessions/contract.ts";

export const Resting = ({ language, cells, outputs }: { language: string; cells: Cell[]; outputs: Record<string, Output[]> }) => (
  <>
    {cells.map((cell) => (
      <section key={cell.id} className={`cell ${cell.cellType === "code" ? "is-code" : "is-text"}`}>
        {cell.cellType === "code" ? (
          <div className="bed">
            <StaticCode source={cell.source} language={language} />
          </div>
        ) : (
          <div className="md prose">
            <Markdown remarkPlugins={[remarkGfm]}>{cell.source}</Markdown>
          </div>
        )}
        {outputs[cell.id]?.length ? <Outputs outputs={outputs[cell.id]!} /> : null}
      </section>
    ))}
  </>
);
