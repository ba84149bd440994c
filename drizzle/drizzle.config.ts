// Where drizzle-kit finds the tables and keeps the migrations.
import { defineConfig } from "drizzle-kit";

// biome-ignore lint/style/noDefaultExport: drizzle-kit reads the default export.
export default defineConfig({ dialect: "postgresql", schema: "./drizzle/tables/*.ts", out: "./drizzle/migrations" });
