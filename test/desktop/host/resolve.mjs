// Gives the Chromium host to whoever imports Electron. Works on Node 20 and 24.
let host = ''

export function initialize(data) {
  host = data.host
}

export function resolve(specifier, context, next) {
  return specifier === 'electron' ? { url: host, format: 'module', shortCircuit: true } : next(specifier, context)
}
