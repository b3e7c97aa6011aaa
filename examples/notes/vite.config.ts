import adapter from "@sveltejs/adapter-node";
import { sveltekit } from "@sveltejs/kit/vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [sveltekit({ adapter: adapter() })],
  server: { port: Number(process.env["PORT"] ?? 3000), host: "127.0.0.1" },
  // The server's database finds its WebAssembly beside its modules, which bundling them would move.
  ssr: { external: ["@electric-sql/pglite"] },
});
