/** What the map computes: places as people write them, lengths, symbols, the grid. */
import fc from 'fast-check'
import { forward } from 'mgrs'
import { describe, expect, it } from 'vitest'
import { symbolOf } from '@/map/cot-symbol'
import { gridOver, scaleBar } from '@/map/grid'
import { area, bearing, distance, pathLength, showArea, showBearing, showDistance } from '@/map/measure'
import { parsePlace, printLatLon, printMgrs } from '@/map/place'
import { fromUtm, toUtm, zoneOf } from '@/map/utm'

const sezana = { lat: 45.7092, lon: 13.8736 }
const anywhere = fc.record({
  lat: fc.double({ min: -79.9, max: 83.9, noNaN: true }),
  lon: fc.double({ min: -179.99, max: 179.99, noNaN: true })
})

describe('UTM', () => {
  it('is where others say it is', () => {
    // Eastings and northings as PROJ gives them for EPSG:32633 and EPSG:32756.
    const known = toUtm({ lat: 45, lon: 15 })
    expect(known.zone).toBe(33)
    expect(known.easting).toBeCloseTo(500_000, 3)
    expect(known.northing).toBeCloseTo(4_982_950.4, 0)
    expect(toUtm({ lat: -33.8568, lon: 151.2153 })).toMatchObject({ zone: 56, isSouth: true })
  })

  it('comes back', () => {
    fc.assert(
      fc.property(anywhere, (place) => {
        const back = fromUtm(toUtm(place))
        expect(Math.abs(back.lat - place.lat)).toBeLessThan(1e-7)
        expect(Math.abs(back.lon - place.lon) * Math.cos((place.lat * Math.PI) / 180)).toBeLessThan(1e-7)
      })
    )
  })

  it('agrees with MGRS about zone and metres', () => {
    fc.assert(
      fc.property(anywhere, (place) => {
        const [, zone = '', east = '', north = ''] =
          /^(\d+)[A-Z]{3}(\d{5})(\d{5})$/.exec(forward([place.lon, place.lat])) ?? []
        const utm = toUtm(place)
        expect(zoneOf(place)).toBe(Number(zone))
        const near = (ours: number, theirs: string) => {
          const apart = Math.abs((ours % 100_000) - Number(theirs))
          return Math.min(apart, 100_000 - apart) <= 2
        }
        expect(near(utm.easting, east) && near(utm.northing, north)).toBe(true)
      })
    )
  })
})

describe('places', () => {
  it.each([
    ['33T UL 91924 78430', '33T UL 91924 78430'],
    ['33tul9192478430', '33T UL 91924 78430'],
    ['45.8467, 13.6089', undefined],
    ['45.8467° N, 13.6089° E', undefined],
    ['N 45° 50′ 48″ E 13° 36′ 32″', undefined],
    ['13.6089 E 45.8467 N', undefined]
  ])('takes %s', (text, printed) => {
    const place = parsePlace(text)
    expect(place?.lat).toBeCloseTo(45.84, 1)
    expect(place?.lon).toBeCloseTo(13.6, 1)
    if (printed !== undefined) expect(place && printMgrs(place)).toBe(printed)
  })

  it.each([
    '',
    'here',
    '91, 10',
    '10, 181',
    '33T UL 1234 123',
    '33T II 11 11',
    '33T AA 11111 11111',
    '10 N, 10 N',
    '-5 S, 3 E',
    '1 61′ 5, 3'
  ])('refuses “%s”', (text) => expect(parsePlace(text)).toBeUndefined())

  it('print and parse to the same metre, and to the same text', () => {
    fc.assert(
      fc.property(anywhere, (place) => {
        const mgrs = printMgrs(place)
        const back = parsePlace(mgrs)
        expect(back && distance(back, place), mgrs).toBeLessThan(1)
        const degrees = printLatLon(place)
        const again = parsePlace(degrees)
        expect(again && printLatLon(again)).toBe(degrees)
      })
    )
  })
})

describe('measuring', () => {
  it('knows distances and bearings', () => {
    // Ljubljana to Trieste: 71.6 km on the ellipsoid.
    const [ljubljana, trieste] = [{ lat: 46.0569, lon: 14.5058 }, { lat: 45.6495, lon: 13.7768 }] // prettier-ignore
    expect(distance(ljubljana, trieste) / 1000).toBeCloseTo(72.4, 0)
    expect(bearing({ lat: 0, lon: 0 }, { lat: 0, lon: 1 })).toBeCloseTo(90)
    expect(bearing({ lat: 0, lon: 0 }, { lat: -1, lon: 0 })).toBeCloseTo(180)
    expect(bearing(ljubljana, trieste)).toBeGreaterThan(225)
    expect(pathLength([ljubljana, trieste, ljubljana])).toBeCloseTo(2 * distance(ljubljana, trieste))
  })

  it('knows areas, whichever way round', () => {
    const east = sezana.lon + 1000 / (111_195 * Math.cos((sezana.lat * Math.PI) / 180))
    const north = sezana.lat + 1000 / 111_195
    const square = [sezana, { ...sezana, lon: east }, { lat: north, lon: east }, { ...sezana, lat: north }]
    expect(area(square) / 10_000).toBeCloseTo(100, 0)
    expect(area([...square].reverse())).toBeCloseTo(area(square))
  })

  it('writes amounts as people say them', () => {
    const plain = (text: string) => text.replace('\u00a0', ' ')
    expect([840, 999.6, 2_100, 152_000].map(showDistance).map(plain)).toEqual(['840 m', '1.0 km', '2.1 km', '152 km'])
    expect([840, 52_000, 1_520_000, 12_400_000].map(showArea).map(plain)).toEqual([
      '840 m²',
      '5.2 ha',
      '152 ha',
      '12.4 km²'
    ])
    expect([0.2, 7, 359.7].map(showBearing)).toEqual(['000°', '007°', '000°'])
  })
})

describe('the symbol of an item', () => {
  it.each([
    ['a-f-G-U-C', 'SFGPU----------'],
    ['a-h-A', 'SHAP-----------'],
    ['a-u-S-C-L', 'SUSPCL---------'],
    ['a-f-G-U-C-I-d-17', 'SFGPUCI--------'],
    ['a-.-G', 'marker'],
    ['a-f-q', 'SFZP-----------'],
    ['b-m-p-s-m', 'marker'],
    ['b-m-p-w-GOTO', 'waypoint'],
    ['b-r-f-h-c', 'casualty'],
    ['u-d-r', 'area'],
    ['', 'marker'],
    ['__proto__', 'marker'],
    ['a-constructor-G', 'marker']
  ])('of %s is %s', (type, shown) => {
    const symbol = symbolOf(type)
    expect(symbol.kind === 'unit' ? symbol.codes[0] : symbol.mark).toBe(shown)
  })

  it('falls back to less exact ones', () => {
    const symbol = symbolOf('a-f-G-U-C')
    expect(symbol.kind === 'unit' && symbol.codes.at(-1)).toBe('SFGP-----------')
  })

  it('of a drawing is how it is drawn', () => {
    expect(symbolOf('a-f-G', true)).toEqual({ kind: 'mark', mark: 'line' })
    expect(symbolOf('a-f-G', true, true)).toEqual({ kind: 'mark', mark: 'area' })
  })
})

describe('the grid', () => {
  const box = [13.5, 45.7, 13.7, 45.9] as const

  it('near is in kilometres of MGRS, numbered as a grid reference begins', () => {
    const lines = gridOver(box, 10)
    const up = lines.filter(({ runs }) => runs === 'up')
    expect(up.length).toBeGreaterThan(10)
    for (const { label, places, runs } of lines) {
      const [place] = places
      if (place === undefined) throw new Error('a line of nothing')
      const [, , east = '', north = ''] = printMgrs({ lat: place.lat + 1e-6, lon: place.lon + 1e-6 }).split(' ')
      expect((runs === 'up' ? east : north).slice(0, 2)).toBe(label)
    }
  })

  it('far is in degrees, and never endless', () => {
    expect(gridOver([-180, -85, 180, 85], 40_000).map(({ label }) => label)).toContain('30°E')
    fc.assert(
      fc.property(anywhere, fc.double({ min: 0.05, max: 80_000, noNaN: true }), ({ lat, lon }, metres) => {
        const half = Math.min(80, (metres * 1_000) / 111_000)
        const around = [lon - half, Math.max(-85, lat - half), lon + half, Math.min(85, lat + half)] as const
        expect(gridOver(around, metres).length).toBeLessThan(500)
      })
    )
  })

  it('has a scale of a round length', () => {
    expect(scaleBar(5.9, 200)).toEqual({ metres: 1_000, pixels: 1_000 / 5.9 })
    expect(scaleBar(0.3, 200).metres).toBe(50)
  })
})
