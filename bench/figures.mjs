/** @param {readonly number[]} values */
export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

/** @param {number} value */
const rounded = (value) => Number(value.toPrecision(3))

/** @param {readonly number[] | undefined} ours @param {readonly number[] | undefined} other */
const ratio = (ours, other) => rounded(median(ours ?? []) / median(other ?? []))

/**
 * Ratios of medians of ours to another system's: below 1 we are faster.
 * @param {import('./measure.mjs').Samples} samples
 * @returns {Record<string, number>}
 */
export const ratiosOf = ({ name, cold, warm }) =>
  Object.fromEntries(
    Object.entries({ cold, warm }).flatMap(([kind, samples]) =>
      Object.keys(samples)
        .filter((system) => system !== 'ours' && samples['ours'] !== undefined)
        .map((system) => [`${name}.${kind}/${system}`, ratio(samples['ours'], samples[system])]),
    ),
  )

/**
 * The geometric mean of our ratios to each system, over the queries that both answered.
 * @param {string} name @param {Record<string, number>} figures
 */
export const geometricMeans = (name, figures) =>
  Object.fromEntries(
    ['native1', 'stock'].flatMap((system) => {
      const ratios = Object.entries(figures).filter(([figure]) => figure.endsWith(`.warm/${system}`))
      if (ratios.length === 0) return []
      const sum = ratios.reduce((total, [, value]) => total + Math.log(value), 0)
      return [[`${name}.geomean.warm/${system}`, rounded(Math.exp(sum / ratios.length))]]
    }),
  )

/** @param {Record<string, number[]>} boot */
export const bootRatios = (boot) =>
  Object.fromEntries(
    Object.keys(boot)
      .filter((system) => system !== 'ours')
      .map((system) => [`boot.ready/${system}`, ratio(boot['ours'], boot[system])]),
  )

/** What is aimed at: a figure by name and the most it may be. */
export const targets = {
  'avro.decode/avsc': 0.1,
  'avro.encode/avsc': 0.2,
  'q1.warm/stock': 0.5,
  'q6.warm/stock': 0.5,
  'q1.cold/stock': 1,
  'q1.zstd.cold/stock': 1.3,
  'boot.ready/official': 0.6,
  'tpch.geomean.warm/native1': 2,
  'tpch.geomean.warm/stock': 0.7,
  'remote.bytes/needed': 1.15,
  'point.bytes': 1_000_000,
  'point.requests': 6,
  'point.fine.bytes': 1_000_000,
  'point.fine.requests': 6,
  'limit10.bytes/group': 1,
  'big.rss': 1.2,
  'commit.append.disk.p50': 30,
  'commit.append.opfs.p50': 30,
  'commit.s3': 3,
  'merge/native1': 2,
  'tpch.lake/parquet': 1.1,
}

/**
 * Figures as lines for people, with milliseconds behind the ratios where there are some.
 * @param {Record<string, number>} figures @param {readonly import('./measure.mjs').Samples[]} samples
 */
export const tableOf = (figures, samples) => {
  const width = Math.max(...Object.keys(figures).map((name) => name.length))
  return Object.entries(figures)
    .map(([name, value]) => {
      const target = name in targets ? targets[/** @type {keyof typeof targets} */ (name)] : undefined
      const [, query, kind = '', system = ''] = /^(.*)\.(cold|warm)\/(\w+)$/.exec(name) ?? []
      const times = samples.find((sample) => sample.name === query)?.[/** @type {'cold' | 'warm'} */ (kind)]
      const detail = times
        ? `   ${Math.round(median(times['ours'] ?? []))} : ${Math.round(median(times[system] ?? []))} ms`
        : ''
      const shown = /\.(bytes|requests)$/.test(name) ? value.toLocaleString('en-US') : value.toFixed(2)
      const verdict = target === undefined ? '' : `   target ${target}${value <= target ? '' : ', MISSED'}`
      return `${name.padEnd(width)} ${shown.padStart(11)}${detail}${verdict}`
    })
    .join('\n')
}
