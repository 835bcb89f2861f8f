import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { defineConfig } from 'electron-vite'
import vue from '@vitejs/plugin-vue'

const shared = { '@shared': resolve('src/shared') }

/** SQLite's program for MBTiles: its library looks for it beside the file that it was bundled into. */
const sqliteProgram = {
  name: 'sqlite-program',
  generateBundle(this: { emitFile(file: { type: 'asset'; fileName: string; source: Uint8Array }): void }) {
    const path = createRequire(import.meta.url)
      .resolve('node-sqlite3-wasm')
      .replace(/\.js$/, '.wasm')
    this.emitFile({ type: 'asset', fileName: 'chunks/node-sqlite3-wasm.wasm', source: readFileSync(path) })
  }
}

export default defineConfig({
  main: {
    plugins: [sqliteProgram],
    // fflate's own build for Node declares `require`, as the bundle does; of pmtiles we unpack ourselves.
    resolve: { alias: { ...shared, fflate: 'fflate/browser' } },
    build: {
      // Bundled, so that a start reads a few files instead of a few hundred; heavy libraries stay behind import().
      externalizeDeps: false,
      // Every start compiles it all: a tenth of loading the engine less, and a third of its text in memory.
      minify: true,
      // ws tries these two native add-ons and goes on without them.
      rollupOptions: {
        external: ['bufferutil', 'utf-8-validate'],
        input: {
          index: resolve('src/main/index.ts'),
          headless: resolve('src/main/headless.ts'),
          engine: resolve('src/main/engine/index.ts')
        },
        // What all three need at once lies in one file, also where something that is loaded later needs it too.
        output: { codeSplitting: { groups: [{ name: 'engine', tags: ['$initial'], minShareCount: 3 }] } }
      }
    }
  },
  preload: {
    resolve: { alias: shared },
    build: {
      externalizeDeps: false,
      // A sandboxed preload must be CommonJS (Electron's documentation on ES modules).
      rollupOptions: {
        input: { index: resolve('src/preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' }
      }
    }
  },
  renderer: {
    root: 'src/renderer',
    // Files shipped as they are, such as the icon.
    publicDir: resolve('resources'),
    resolve: { alias: { ...shared, '@': resolve('src/renderer') } },
    plugins: [vue()],
    build: {
      rollupOptions: { input: resolve('src/renderer/index.html') },
      // The content security policy allows no data: addresses for fonts and scripts.
      assetsInlineLimit: 0
    }
  }
})
