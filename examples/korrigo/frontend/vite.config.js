import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

const backend = "http://localhost:8000";

export default defineConfig({
  plugins: [vue()],
  // In development Vite stands where nginx stands in production.
  server: { proxy: { "/api": backend, "/media": backend, "/admin": backend, "/static": backend } },
});
