import type { NodeId, PeerSummary } from '@shared/model'
import { showName } from '../display/name'
import { useText } from '../i18n'
import { usePeersStore } from '../stores/peers'

/**
 * What a laptop is called wherever it is named: its callsign, or where it was met while it tells strangers no name. A
 * node ID that is not listed any more is shown by its first digits.
 */
export function usePeerName() {
  const { t } = useText()
  const peers = usePeersStore()

  return (named: { readonly nodeId: NodeId; readonly callsign: string }): string => {
    const name = showName(named.callsign)
    if (name !== '') return name
    const peer = peers.find(named.nodeId)
    const address = peer === undefined ? undefined : addressOf(peer)
    return t('nearby.unnamedAt', { address: address ?? named.nodeId.slice(0, 8) })
  }
}

function addressOf({ link, addresses }: PeerSummary): string | undefined {
  return link.state === 'linked' ? link.address : addresses[0]?.address
}
