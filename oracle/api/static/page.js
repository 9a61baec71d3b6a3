'use strict'
// The live page: the newest payments, and why one got its score. Everything is set as text, never as HTML.
const rows = new Map()
const shown = 100

function short (hex) { return `${hex.slice(0, 10)}…${hex.slice(-4)}` }

function element (tag, text, attributes = {}) {
  const made = document.createElement(tag)
  made.textContent = text
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  return made
}

function draw (payment, isNew) {
  const body = document.getElementById('payments')
  const row = document.createElement('tr')
  const open = element('button', short(payment.payment_id), { title: payment.payment_id })
  open.addEventListener('click', () => explain(payment.payment_id))
  const first = document.createElement('td')
  first.append(open)
  row.append(first,
    element('td', short(payment.sender), { title: payment.sender }),
    element('td', short(payment.recipient), { title: payment.recipient }),
    element('td', `${payment.amount} ${payment.token.symbol}`, { class: 'number' }),
    element('td', String(payment.score), { class: 'number' }),
    element('td', payment.risk_level, { class: payment.risk_level }),
    element('td', payment.status),
    element('td', payment.alerts.join(', ').toLowerCase().replaceAll('_', ' ')))
  const old = rows.get(payment.payment_id)
  if (old) old.replaceWith(row)
  else if (isNew) body.prepend(row)
  else body.append(row)
  rows.set(payment.payment_id, row)
  for (const [id, last] of rows) {
    if (rows.size <= shown) break
    last.remove()
    rows.delete(id)
  }
  document.getElementById('empty').hidden = rows.size > 0
}

async function refresh (id) {
  const answer = await fetch(`/payments/${id}`)
  if (answer.ok) draw(await answer.json(), true)
}

async function explain (id) {
  const answer = await fetch(`/payments/${id}`)
  const payment = await answer.json()
  const box = document.getElementById('explanation')
  box.replaceChildren()
  document.getElementById('detail').hidden = false
  if (!answer.ok) { box.append(element('p', payment.detail)); return }
  const evidence = JSON.parse(payment.evidence)
  const facts = document.createElement('dl')
  const add = (name, value) => facts.append(element('dt', name), element('dd', value))
  add('Payment', payment.payment_id)
  add('Status', payment.status)
  add('Score', `${payment.score} (${payment.risk_level})`)
  for (const name of ['velocity', 'amount', 'pattern', 'graph', 'timing']) add(name, String(payment.report[`${name}_score`]))
  add('Model', payment.report.model_version)
  add('Evidence hash', payment.evidence_hash)
  const list = document.createElement('ul')
  for (const finding of evidence.explanations || []) list.append(element('li', finding.sentence || String(finding)))
  box.append(facts, list)
  for (const event of payment.events) box.append(element('p', `block ${event.block}: ${event.name}`))
  box.scrollIntoView()
}

async function start () {
  const answer = await fetch(`/payments?limit=${shown}`)
  if (answer.ok) for (const payment of (await answer.json()).payments) draw(payment, false)
  listen()
}

function listen () {
  const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`)
  const state = document.getElementById('state')
  socket.onopen = () => { state.textContent = 'live' }
  socket.onmessage = (message) => {
    const event = JSON.parse(message.data)
    if (event.data && event.data.payment_id) refresh(event.data.payment_id)
  }
  socket.onclose = () => {
    state.textContent = 'connection lost, trying again…'
    setTimeout(listen, 2000)
  }
}

start()
