// Type-checks every project of tsconfig.json, references first.
import { tool } from './run.mjs'

tool('vue-tsc', '--build')
