import adapter from "@sveltejs/adapter-node";
import { sveltekit } from "@sveltejs/kit/vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [sveltekit({ adapter: adapter() })],
  server: { port: Number(process.env["PORT"] ?? 3000), host: "127.0.0.1" },
  // The browser's database runs in a worker, as a module. It finds its WebAssembly beside its modules, which bundling them
  // would move; and so does the server's.
  worker: { format: "es" },
  optimizeDeps: { exclude: ["@sqlite.org/sqlite-wasm"] },
  ssr: { external: ["@electric-sql/pglite"] },
});
