// Bundles a TypeScript file of the project for plain Node: node scripts/bundle.mjs ENTRY OUTDIR
import { resolve } from 'node:path'
import { build } from 'vite'

export async function bundle(entry, outDir) {
  await build({
    configFile: false,
    logLevel: 'warn',
    resolve: { alias: { '@shared': resolve('src/shared') } },
    ssr: { noExternal: true },
    build: { ssr: resolve(entry), outDir, emptyOutDir: true, minify: false, target: 'node20' }
  })
}
