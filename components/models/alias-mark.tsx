// An alias of a version: the four that are concepts have their mark, others are words.
import { isRoleName, Role } from "#components/ui/state.tsx";

export const AliasMark = ({ alias, version }: { alias: string; version?: number }) => {
  const words = version === undefined ? undefined : `${alias[0]!.toUpperCase()}${alias.slice(1)} ${version}`;
  return isRoleName(alias) ? <Role of={alias}>{words}</Role> : <span className="strong">{words ?? alias}</span>;
};
