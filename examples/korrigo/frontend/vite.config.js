import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

// With the Host that the browser sent: Django compares it with Origin.
const backend = { target: process.env.BACKEND_URL ?? "http://localhost:8000", changeOrigin: false };

export default defineConfig({
  plugins: [vue()],
  // In development Vite stands where nginx stands in production.
  server: { proxy: { "/api": backend, "/media": backend, "/admin": backend, "/static": backend } },
});
