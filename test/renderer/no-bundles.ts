import type { BundleHost } from '@/bundle-host'

const unexpected = (): never => {
  throw new Error('no bundle was expected')
}

/** For tests without files. */
export const noBundles: BundleHost = {
  write: unexpected,
  open: unexpected,
  preview: unexpected,
  take: unexpected,
  leave: unexpected,
  onOpened: () => () => undefined
}
