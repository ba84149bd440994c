// A small npm registry of a test's own: packages made on the spot, answered as packuments and tarballs over real HTTP, so that real npm installs
// without the network. It can hang, and it counts what it is asked.
import { createHash } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";

export type Published = {
  name: string;
  version: string;
  /** Path in the package to content; package.json is made from the rest. */
  files: Record<string, string | Buffer>;
  manifest?: Record<string, unknown>;
};

const header = (path: string, size: number): Buffer => {
  const block = Buffer.alloc(512);
  block.write(path, 0, 100);
  block.write("0000644\0", 100);
  block.write("0000000\0", 108);
  block.write("0000000\0", 116);
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  block.write(`${(1_700_000_000).toString(8).padStart(11, "0")}\0`, 136);
  block.write("        ", 148);
  block.write("0", 156);
  block.write("ustar\u000000", 257);
  const sum = block.reduce((all, byte) => all + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
};

/** A gzipped tar of files, each under `package/`. */
const tarball = (files: Record<string, string | Buffer>): Buffer => {
  const parts = Object.entries(files).flatMap(([path, content]) => {
    const bytes = Buffer.from(content as string);
    return [header(`package/${path}`, bytes.length), bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]), { level: 1 });
};

/** Opens the registry on a free port. */
export const openRegistry = async () => {
  const packages = new Map<string, Map<string, { manifest: Record<string, unknown>; bytes: Buffer }>>();
  const asked: string[] = [];
  const held: (() => void)[] = [];
  let hangs: RegExp | null = null;
  let url = "";

  const packument = (name: string): unknown => {
    const versions = [...packages.get(name)!].map(([version, { manifest, bytes }]) => [
      version,
      {
        ...manifest,
        dist: {
          tarball: `${url}/${name}/-/${version}.tgz`,
          integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}`,
          shasum: createHash("sha1").update(bytes).digest("hex"),
        },
      },
    ]);
    return { name, "dist-tags": { latest: versions.at(-1)![0] }, versions: Object.fromEntries(versions) };
  };

  const answer = (path: string, response: ServerResponse): void => {
    const [, name = path, version] = /^(.+)\/-\/(.+)\.tgz$/.exec(path) ?? [];
    const found = packages.get(name);
    if (version && found?.has(version)) return void response.end(found.get(version)!.bytes);
    if (!version && found) return void response.setHeader("content-type", "application/json").end(JSON.stringify(packument(name)));
    response.writeHead(404, { "content-type": "application/json" }).end('{"error":"Not found"}');
  };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "/").slice(1);
    asked.push(path);
    if (hangs?.test(path)) held.push(() => answer(path, response));
    else answer(path, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  for (const name of ["NO_PROXY", "no_proxy"]) process.env[name] = [process.env[name], "127.0.0.1"].filter(Boolean).join(","); // a proxy of the machine's knows it not
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;

  return {
    url,
    asked,
    /** Requests whose path matches are not answered until this is called with null. */
    hang: (path: RegExp | null): void => {
      hangs = path;
      if (!path) for (const go of held.splice(0)) go();
    },
    publish: ({ name, version, files, manifest: more = {} }: Published): void => {
      const manifest = { name, version, ...more };
      const bytes = tarball({ "package.json": JSON.stringify(manifest), ...files });
      packages.set(name, (packages.get(name) ?? new Map()).set(version, { manifest, bytes }));
    },
    close: (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

export type Registry = Awaited<ReturnType<typeof openRegistry>>;
