// kafkajs: every scenario but what the client does not offer (said where it is skipped). Its codecs beyond gzip are plug-ins.
'use strict'

const { Kafka, CompressionCodecs, CompressionTypes, ConfigResourceTypes, logLevel } = require('kafkajs')
const lz4 = require('lz4-napi')
const zstd = require('@bokuweb/zstd-wasm')
const {
  NEAR_LIMIT, LARGE_RECORD, LARGE_FETCH, CODECS, Skip,
  isKafka, fresh, check, equal, until, fails, noise, samples, numbers, shapes, main,
} = require('./scenarios')

CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy')
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async encoder => lz4.compressFrameSync(encoder.buffer),
  decompress: async buffer => lz4.decompressFrameSync(buffer),
})
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async encoder => (await zstd.init(), Buffer.from(zstd.compress(encoder.buffer, 3))),
  decompress: async buffer => (await zstd.init(), Buffer.from(zstd.decompress(buffer))),
})

const client = (boot, settings = {}) =>
  new Kafka({ brokers: [boot], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50, retries: 10 }, ...settings })

async function withAdmin(boot, run) {
  const admin = client(boot).admin()
  await admin.connect()
  try {
    return await run(admin)
  } finally {
    await admin.disconnect()
  }
}

async function create(boot, partitions = 1, configs = {}) {
  const topic = fresh('kafkajs')
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
  await withAdmin(boot, async admin => {
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }] })
    await until(async () => (await countPartitions(admin, topic)) === partitions, 'the topic appears')
  })
  return topic
}

async function countPartitions(admin, topic) {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  return topics[0].partitions.length
}

async function produce(boot, topic, records, { partition = 0, compression = CompressionTypes.None, ...settings } = {}) {
  const producer = client(boot).producer({ allowAutoTopicCreation: false, ...settings })
  await producer.connect()
  try {
    return await producer.send({ topic, compression, acks: -1, messages: records.map(record => ({ ...record, partition })) })
  } finally {
    await producer.disconnect()
  }
}

/** A member of a group; kafkajs reads in groups alone. */
class Member {
  constructor(boot, groupId, settings = {}) {
    this.read = []
    this.owned = []
    this.joins = 0
    this.consumer = client(boot, { clientId: 'the-member' }).consumer({
      groupId, sessionTimeout: 6000, heartbeatInterval: 200, maxWaitTimeInMs: 200, ...settings,
    })
    this.topic = null
    this.consumer.on('consumer.group_join', ({ payload }) => {
      this.joins += 1
      this.owned = payload.memberAssignment[this.topic] ?? []
    })
    this.consumer.on('consumer.rebalancing', () => (this.owned = []))
  }

  async join(topic, run = {}) {
    this.topic = topic
    await this.consumer.connect()
    await this.consumer.subscribe({ topics: [topic], fromBeginning: true })
    await this.consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => void this.read.push({ partition, ...message }),
      ...run,
    })
    return this
  }

  async took(count) {
    await until(() => this.read.length >= count, `${count} records are read`)
    return this.read
  }

  leave() {
    return this.consumer.disconnect()
  }
}

async function readAll(boot, topic, count) {
  const member = await new Member(boot, fresh('group')).join(topic)
  try {
    return await member.took(count)
  } finally {
    await member.leave()
  }
}

const plain = records => records.map(({ key, value, headers }) => ({ key, value, headers }))

const codec = name => async boot => {
  const type = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 }[name]
  const topic = await create(boot)
  await produce(boot, topic, samples(300), { compression: type })
  const found = await readAll(boot, topic, 300)
  equal(plain(found), samples(300), 'records')
  equal(found.map(record => record.offset), samples(300).map((_, i) => `${i}`), 'offsets')
}

async function recordShapes(boot) {
  const topic = await create(boot)
  await produce(boot, topic, shapes())
  equal(plain(await readAll(boot, topic, shapes().length)), shapes(), 'records')
}

async function nearLimit(boot) {
  const topic = await create(boot)
  await produce(boot, topic, [{ value: noise(NEAR_LIMIT) }])
  check((await readAll(boot, topic, 1))[0].value.equals(noise(NEAR_LIMIT)), 'a record just below 1 MiB came as it was')
  await fails('MESSAGE_TOO_LARGE', () => produce(boot, topic, [{ value: noise(1200000) }]))
}

async function idempotent(boot) {
  const topic = await create(boot)
  const producer = client(boot).producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  for (let i = 0; i < 2000; i += 100) {
    const [answer] = await producer.send({ topic, messages: numbers(2000).slice(i, i + 100).map(each => ({ ...each, partition: 0 })) })
    equal(answer.baseOffset, `${i}`, 'base offset')
  }
  await producer.disconnect()
  equal(plain(await readAll(boot, topic, 2000)), numbers(2000), 'order')
}

async function settled(members, partitions) {
  await until(() => {
    const owned = members.flatMap(member => member.owned)
    return members.every(member => member.owned.length) && owned.length === partitions && new Set(owned).size === partitions
  }, `${members.length} members share ${partitions} partitions`)
}

async function groupJoinLeave(boot) {
  const topic = await create(boot, 6)
  const group = fresh('group')
  for (let partition = 0; partition < 6; partition++) await produce(boot, topic, samples(20), { partition })
  const [first, second, third] = [1, 2, 3].map(() => new Member(boot, group))
  await Promise.all([first.join(topic), second.join(topic)])
  await settled([first, second], 6)
  await third.join(topic)
  await settled([first, second, third], 6)
  await first.leave()
  await settled([second, third], 6)
  await produce(boot, topic, [{ value: 'last' }], { partition: 3 })
  await until(() => [...second.read, ...third.read].some(record => `${record.value}` === 'last'), 'the last record is read')
  await Promise.all([second.leave(), third.leave()])
}

async function commitResume(boot) {
  const topic = await create(boot)
  const group = fresh('group')
  await produce(boot, topic, samples(100))
  const first = await new Member(boot, group).join(topic)
  await first.took(40)
  await first.consumer.commitOffsets([{ topic, partition: 0, offset: '40', metadata: 'so far' }])
  await first.leave()
  const second = await new Member(boot, group).join(topic)
  const found = await second.took(60)
  equal([found[0].offset, found[59].offset], ['40', '99'], 'offsets after the return')
  await second.leave()
}

async function seekOffset(boot) {
  const topic = await create(boot)
  await produce(boot, topic, samples(100))
  const member = await new Member(boot, fresh('group')).join(topic)
  await member.took(100)
  member.consumer.seek({ topic, partition: 0, offset: '70' })
  const found = await member.took(130)
  equal(found[100].offset, '70', 'offset')
  await member.leave()
}

async function seekTime(boot) {
  const topic = await create(boot)
  const start = Date.now() - 100_000
  for (let i = 0; i < 10; i++) await produce(boot, topic, [{ value: `${i}`, timestamp: `${start + i * 1000}` }])
  await withAdmin(boot, async admin => {
    const at = async ms => (await admin.fetchTopicOffsetsByTimestamp(topic, ms))[0].offset
    equal([await at(start - 1), await at(start + 4000), await at(start + 4001)], ['0', '4', '5'], 'offsets at times')
    const [ends] = await admin.fetchTopicOffsets(topic)
    equal([ends.low, ends.high], ['0', '10'], 'ends')
  })
}

async function adminTopics(boot) {
  const topic = await create(boot, 3, { 'retention.ms': '3600000' })
  await withAdmin(boot, async admin => {
    check((await admin.listTopics()).includes(topic), 'the topic is listed')
    equal(await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1 }] }), false, 'created twice')
    await fails('INVALID_TOPIC_EXCEPTION', () => admin.createTopics({ topics: [{ topic: 'bad/name', replicationFactor: 1 }] }))
    await admin.deleteTopics({ topics: [topic] })
    await until(async () => !(await admin.listTopics()).includes(topic), 'the topic is gone')
    const cluster = await admin.describeCluster()
    check(cluster.brokers.length === 1 && cluster.clusterId, `cluster: ${JSON.stringify(cluster)}`)
  })
}

async function adminPartitions(boot) {
  const topic = await create(boot, 2)
  await withAdmin(boot, async admin => {
    await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] })
    await until(async () => (await countPartitions(admin, topic)) === 5, 'five partitions')
    await produce(boot, topic, numbers(1), { partition: 4 })
    equal((await readAll(boot, topic, 1))[0].partition, 4, 'partition of the record')
    await fails('INVALID_PARTITIONS', () => admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }))
  })
}

async function adminConfigs(boot) {
  const topic = await create(boot, 1, { 'retention.ms': '3600000' })
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic }
  await withAdmin(boot, async admin => {
    const get = async () => {
      const { resources } = await admin.describeConfigs({ includeSynonyms: true, resources: [resource] })
      return Object.fromEntries(resources[0].configEntries.map(entry => [entry.configName, entry.configValue]))
    }
    const before = await get()
    equal([before['retention.ms'], before['cleanup.policy']], ['3600000', 'delete'], 'configs')
    const configEntries = [{ name: 'max.message.bytes', value: '2000000' }]
    await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] })
    await until(async () => (await get())['max.message.bytes'] === '2000000', 'the change shows')
    equal((await get())['retention.ms'], '604800000', 'retention.ms, left out of the new state')
    const bad = [{ name: 'retention.ms', value: 'soon' }]
    await fails('INVALID_CONFIG', () => admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries: bad }] }))
  })
}

async function adminGroups(boot) {
  const topic = await create(boot, 2)
  const group = fresh('group')
  const member = await new Member(boot, group).join(topic)
  await settled([member], 2)
  await withAdmin(boot, async admin => {
    check((await admin.listGroups()).groups.some(each => each.groupId === group), 'the group is listed')
    const [described] = (await admin.describeGroups([group])).groups
    equal([described.state, described.members.length, described.members[0].clientId], ['Stable', 1, 'the-member'], 'described')
    await fails('NON_EMPTY_GROUP', async () => {
      try {
        await admin.deleteGroups([group])
      } catch (error) {
        throw error.groups[0].error
      }
    })
    await member.leave()
    await until(async () => (await admin.describeGroups([group])).groups[0].state === 'Empty', 'the group is empty')
    await admin.deleteGroups([group])
    check(!(await admin.listGroups()).groups.some(each => each.groupId === group), 'the group is gone')
  })
}

async function adminOffsets(boot) {
  const topic = await create(boot)
  const group = fresh('group')
  await produce(boot, topic, samples(10))
  await withAdmin(boot, async admin => {
    await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: '7' }] })
    const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    equal(found.partitions[0].offset, '7', 'committed')
    const member = await new Member(boot, group).join(topic)
    equal((await member.took(3))[0].offset, '7', 'first offset read')
    await member.leave()
    await admin.resetOffsets({ groupId: group, topic, earliest: true })
    const [reset] = await admin.fetchOffsets({ groupId: group, topics: [topic], resolveOffsets: true })
    equal(reset.partitions[0].offset, '0', 'after the reset')
  })
}

async function adminDeleteRecords(boot) {
  const topic = await create(boot)
  await produce(boot, topic, samples(50))
  await withAdmin(boot, async admin => {
    await admin.fetchTopicOffsets(topic) // it loads the topic's leaders, which the next call wants
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '30' }] })
    equal((await admin.fetchTopicOffsets(topic))[0].low, '30', 'first offset')
  })
  equal((await readAll(boot, topic, 20))[0].offset, '30', 'first offset read')
}

async function largeFetch(boot) {
  const topic = await create(boot)
  const count = Math.floor(LARGE_FETCH / 990000) + 2
  for (let i = 0; i < count; i++) await produce(boot, topic, [{ value: noise(990000, i) }])
  const limit = LARGE_FETCH + 5000000
  const member = new Member(boot, fresh('group'), {
    minBytes: LARGE_FETCH, maxBytes: limit, maxBytesPerPartition: limit, maxWaitTimeInMs: 3000,
  })
  let largest = 0
  member.consumer.on(member.consumer.events.REQUEST, ({ payload }) => {
    if (payload.apiName === 'Fetch') largest = Math.max(largest, payload.size)
  })
  await member.join(topic)
  const found = await member.took(count).finally(() => member.leave())
  check(largest >= LARGE_FETCH, `the largest answer had ${largest} bytes`)
  found.forEach((record, i) => check(record.value.equals(noise(990000, i)), `record ${i} came as it was`))
}

async function largeRecord(boot) {
  const topic = await create(boot, 1, { 'max.message.bytes': `${LARGE_RECORD + 100000}` })
  await produce(boot, topic, [{ value: noise(LARGE_RECORD) }])
  const [found] = await readAll(boot, topic, 1)
  check(found.value.equals(noise(LARGE_RECORD)), 'the record came as it was')
}

async function transactionsRefused(boot) {
  if (isKafka()) throw new Skip('Apache Kafka has transactions')
  const producer = client(boot, { retry: { retries: 20 } }).producer({ transactionalId: fresh('transaction'), maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  const start = Date.now()
  try {
    await producer.transaction()
  } catch (error) {
    check(Date.now() - start < 10_000, `refused only after ${Date.now() - start} ms`)
    check(error.name !== 'KafkaJSNumberOfRetriesExceeded' && !error.retriable, `not final: ${error}`)
    return
  } finally {
    await producer.disconnect()
  }
  throw new Error('a transactional producer was let in')
}

const cannot = why => async () => {
  throw new Skip(why)
}

main({
  ...Object.fromEntries(CODECS.map(name => [`codec-${name}`, codec(name)])),
  'record-shapes': recordShapes,
  'near-limit': nearLimit,
  idempotent,
  'group-join-leave': groupJoinLeave,
  'group-static': cannot('kafkajs has no static members'),
  'group-cooperative': cannot('kafkajs has no cooperative rebalancing'),
  'commit-resume': commitResume,
  'seek-offset': seekOffset,
  'seek-time': seekTime,
  'admin-topics': adminTopics,
  'admin-partitions': adminPartitions,
  'admin-configs': adminConfigs,
  'admin-groups': adminGroups,
  'admin-offsets': adminOffsets,
  'admin-delete-records': adminDeleteRecords,
  'large-fetch': largeFetch,
  'large-record': largeRecord,
  'many-partitions': cannot('minutes in JavaScript; the Java client, franz-go and librdkafka stand for it'),
  'transactions-refused': transactionsRefused,
})
