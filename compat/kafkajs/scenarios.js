// How scenarios are listed, run and told, and the sample records. It knows no client.
'use strict'

const crypto = require('node:crypto')

const NEAR_LIMIT = 1024 * 1024 - 200
const LARGE_RECORD = 20 * 1024 * 1024
const LARGE_FETCH = 50 * 1024 * 1024
const WAIT_MS = 60_000
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

class Skip extends Error {}

const isKafka = () => process.env.COMPAT_BROKER !== 'thalweg'
const fresh = what => `${what}-${crypto.randomBytes(6).toString('hex')}`
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

function check(condition, what) {
  if (!condition) throw new Error(what)
}

function equal(found, expected, what) {
  const text = value => JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}` : each)) ?? 'undefined'
  check(text(found) === text(expected), `${what}: found ${text(found).slice(0, 300)}, expected ${text(expected).slice(0, 300)}`)
}

async function until(condition, what) {
  for (const deadline = Date.now() + WAIT_MS; !(await condition()); await sleep(20)) {
    check(Date.now() < deadline, `not within ${WAIT_MS} ms: ${what}`)
  }
}

/** Fails unless the call fails with this error type of the protocol. */
async function fails(type, call) {
  try {
    await call()
  } catch (error) {
    const types = [error, error.cause, ...(error.errors ?? [])].map(each => each?.type)
    check(types.includes(type), `expected ${type}, found ${error}`)
    return
  }
  throw new Error(`expected ${type}, found success`)
}

/** Bytes that no codec makes smaller; the same for the same seed. */
function noise(size, seed = 1) {
  const cipher = crypto.createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16))
  return cipher.update(Buffer.alloc(size))
}

function samples(count) {
  return Array.from({ length: count }, (_, i) => ({
    key: i % 3 === 0 ? null : Buffer.from(`key-${i % 7}`),
    value: Buffer.from(`value ${i} `.repeat(1 + (i % 20))),
    headers: i % 2 ? { number: Buffer.from(`${i}`) } : {},
  }))
}

const numbers = count => Array.from({ length: count }, (_, i) => ({ key: null, value: Buffer.from(`${i}`), headers: {} }))

/** Tombstones, empty keys and values, one byte, repeated and empty headers. */
const shapes = () => [
  { key: Buffer.from('key'), value: Buffer.from('value'), headers: {} },
  { key: null, value: Buffer.from('no key'), headers: {} },
  { key: Buffer.from('tombstone'), value: null, headers: {} },
  { key: Buffer.from('empty value'), value: Buffer.alloc(0), headers: {} },
  { key: Buffer.alloc(0), value: Buffer.from('empty key'), headers: {} },
  { key: null, value: Buffer.from('x'), headers: {} },
  {
    key: Buffer.from('headers'),
    value: Buffer.from('h'),
    headers: { a: [Buffer.from('1'), Buffer.from('2')], empty: Buffer.alloc(0), bytes: Buffer.from([...Array(256).keys()]) },
  },
  { key: Buffer.from('schlüssel'), value: Buffer.from('wärme ☃'), headers: { kopf: Buffer.from('zeile ☃') } },
]

/** `list`, or `run BOOTSTRAP NAME...`. */
async function main(scenarios) {
  const [word, boot, ...names] = process.argv.slice(2)
  if (word === 'list') {
    console.log(Object.keys(scenarios).join('\n'))
    return
  }
  for (const name of names) {
    try {
      await scenarios[name](boot)
      console.log(`ok ${name}`)
    } catch (error) {
      if (!(error instanceof Skip)) console.error(error)
      console.log(`${error instanceof Skip ? 'skipped' : 'failed'} ${name}: ${String(error.message).replaceAll('\n', ' ')}`)
    }
  }
  process.exit(0)
}

module.exports = {
  NEAR_LIMIT, LARGE_RECORD, LARGE_FETCH, CODECS, Skip,
  isKafka, fresh, sleep, check, equal, until, fails, noise, samples, numbers, shapes, main,
}
