import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const alias = { '@shared': resolve('src/shared'), '@': resolve('src/renderer') }

export default defineConfig({
  plugins: [vue()],
  resolve: { alias },
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A test file gets a process of its own: what it leaves behind cannot help or harm the next one.
    pool: 'forks',
    // Most tests wait for processes, pages and sockets more than they compute; with one or two at a time the cores idle.
    maxWorkers: Math.max(3, availableParallelism() - 1)
  }
})
