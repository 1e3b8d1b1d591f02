import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

// Keeps the browser's Host header: Django compares it with Origin.
const backend = { target: process.env.BACKEND_URL ?? "http://localhost:8000", changeOrigin: false };

export default defineConfig({
  plugins: [vue()],
  // In development, Vite takes the place of nginx.
  server: { proxy: { "/api": backend, "/media": backend, "/admin": backend, "/static": backend } },
});
