// Stryker knows one threshold, for all files together: well tested files would hide one that is not. This reporter fails
// the run for each file below it, and says which.
import config from '../../stryker.config.mjs'

const least = config.thresholds.break

/** Files below a folder, or the one file, as the metrics have them. */
function filesOf(result) {
  return result.file ? [result] : result.childResults.flatMap(filesOf)
}

export const strykerPlugins = [
  {
    kind: 'Reporter',
    name: 'each-file',
    value: {
      onMutationTestReportReady(_, { systemUnderTestMetrics }) {
        for (const { file, metrics } of filesOf(systemUnderTestMetrics)) {
          if (metrics.mutationScore < least) {
            console.error(`${file.name}: ${metrics.mutationScore.toFixed(1)} % of its mutants noticed, not ${least} %`)
            process.exitCode = 1
          }
        }
      }
    }
  }
]
