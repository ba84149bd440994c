// Where a workspace may send us: a server of others is named by a person, so its address is judged before every connection, and again by
// the numbers its name stands for at that moment. A name that changes its numbers later is refused then.
import { BlockList, isIP } from "node:net";
import { Problem } from "#lib/kit/problem.ts";

const list = (...nets: [string, number, "ipv4" | "ipv6"][]): BlockList => {
  const made = new BlockList();
  for (const [net, bits, family] of nets) made.addSubnet(net, bits, family);
  return made;
};

/** Of this machine or of a network behind it. */
const inside = list(
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["::1", 128, "ipv6"],
  ["fc00::", 7, "ipv6"],
);
/** Never a Jupyter server: clouds keep their machines' credentials at link-local addresses. */
const never = list(
  ["0.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.0.2.0", 24, "ipv4"],
  ["198.18.0.0", 15, "ipv4"],
  ["198.51.100.0", 24, "ipv4"],
  ["203.0.113.0", 24, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
  ["fe80::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"],
  ["64:ff9b::", 96, "ipv6"],
  ["2002::", 16, "ipv6"],
  ["fd00:ec2::254", 128, "ipv6"],
);

/** Why a number may not be spoken to, or null when it may. */
export const refusalOfNumber = (address: string, allowsPrivate: boolean): string | null => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  const kind = isIP(mapped);
  if (kind === 0) return `${address} is no address.`;
  const family = kind === 4 ? "ipv4" : "ipv6";
  const isOdd = mapped === "::" || (family === "ipv6" && /^::(ffff:)?/.test(mapped) && mapped !== "::1");
  if (isOdd || never.check(mapped, family)) return `${address} is an address no Jupyter server is reached at, so it is refused.`;
  if (inside.check(mapped, family) && !allowsPrivate)
    return `${address} is a private address. Whoever runs this installation can allow them with ATELIER_PRIVATE_KERNEL_SERVERS=1.`;
  return null;
};

/** The address as it is kept, without a slash at its end; refuses in words what cannot be one. */
export const readAddress = (text: string, allowsPrivate: boolean): URL => {
  const refuse = (words: string) => new Problem("invalid", "kernelServers.address", words);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refuse("Write the whole address, such as https://jupyter.example.org/hub.");
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") throw refuse("The address begins with https:// or http://.");
  if (url.username || url.password) throw refuse("Leave name and password out of the address; the token has its own field.");
  if (url.search || url.hash) throw refuse("Leave everything from ? or # on out of the address; the token has its own field.");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const words = isIP(host) ? refusalOfNumber(host, allowsPrivate) : null;
  if (words) throw refuse(words);
  return url;
};
