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
        .filter((system) => system !== 'ours')
        .map((system) => [`${name}.${kind}/${system}`, ratio(samples['ours'], samples[system])]),
    ),
  )

/** @param {Record<string, number[]>} boot */
export const bootRatios = (boot) =>
  Object.fromEntries(
    Object.keys(boot)
      .filter((system) => system !== 'ours')
      .map((system) => [`boot.ready/${system}`, ratio(boot['ours'], boot[system])]),
  )

/** What is aimed at: a figure by name and the most it may be. */
export const targets = { 'q1.warm/stock': 0.7, 'q1.cold/stock': 3, 'boot.ready/official': 0.6 }

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
      const shown = name.endsWith('.bytes') ? value.toLocaleString('en-US') : value.toFixed(2)
      const verdict = target === undefined ? '' : `   target ${target}${value <= target ? '' : ', MISSED'}`
      return `${name.padEnd(width)} ${shown.padStart(11)}${detail}${verdict}`
    })
    .join('\n')
}
