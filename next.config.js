// Next renders pages; REST is Fastify in the same process. Native modules stay outside the bundle.
import { fileURLToPath } from "node:url";

/** @type {import("next").NextConfig} */
const config = {
  reactStrictMode: true,
  poweredByHeader: false,
  compress: false,
  devIndicators: false,
  serverExternalPackages: ["pg", "better-auth", "drizzle-orm", "onnxruntime-node", "@duckdb/node-api", "pg-boss", "typescript"],
  turbopack: { root: fileURLToPath(new URL(".", import.meta.url)) },
  typescript: { ignoreBuildErrors: true },
};

export default config;
