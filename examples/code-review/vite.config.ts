import { tanstackStart } from "@tanstack/react-start/plugin/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// It finds its WebAssembly beside its modules, which bundling them would move.
const PGLITE = "@electric-sql/pglite";

export default defineConfig({
  plugins: [tanstackStart(), react()],
  server: { port: Number(process.env.PORT ?? 3000) },
  // The browser's database runs in a worker, as a module.
  worker: { format: "es" },
  optimizeDeps: { exclude: [PGLITE] },
  // And the server's is loaded by Node.
  environments: { ssr: { resolve: { external: [PGLITE] } } },
});
