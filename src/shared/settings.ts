/** What a person sets on this laptop (settings.json). Nothing of it travels but callsign, laptop and federation. */
export const themes = ['light', 'dark', 'sunlight', 'night'] as const
export type Theme = (typeof themes)[number]

export interface Settings {
  /** 1 to 64 characters. */
  readonly callsign: string
  /** Which laptop of the crew, as people call it; may be empty. */
  readonly laptop: string
  readonly federation: string
  /** Where others reach this node; 0: any free port. */
  readonly linkPort: number
  /** Look for others and let this laptop be found. */
  readonly isDiscoverable: boolean
  /** Interfaces that a person switched on or off, by name; the others follow their kind. */
  readonly interfaces: Readonly<Record<string, boolean>>
  /** DNS server that is asked for nodes: an IP address, with a port if it is not 53; empty: none is asked. */
  readonly dnsServer: string
  /** The domain whose nodes it is asked for, such as `field.example`. */
  readonly dnsDomain: string
  /** Whether callsign, laptop and federation are told to nodes that nobody here has trusted yet. */
  readonly isShownToStrangers: boolean
  /** Whether peers that a person here trusts are told to those whose person lets this node introduce others. */
  readonly introducesPeers: boolean
  /** The local API for programs of this machine; always on in the headless host. */
  readonly hasLocalApi: boolean
  readonly theme: Theme | 'system'
  /** A locale that the window has, or `system`. */
  readonly language: string
  /** Single letters as shortcuts. */
  readonly hasSingleKeys: boolean
  /** What closing the window of the desktop host does. */
  readonly closing: 'ask' | 'tray' | 'quit'
  /** How much all files of missions may take here, in MB (10^6 bytes); 0: half of what is free. */
  readonly filesMostMb: number
  /** Files up to this size are fetched by themselves, in MB; larger ones when a person asks. */
  readonly filesAutoMb: number
  /** Minutes without anybody at the window after which the laptop locks, if its keys are under a passphrase; 0: never. */
  readonly lockAfterMin: number
  /** The first steps are done. */
  readonly isSetUp: boolean
}
