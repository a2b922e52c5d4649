-- What :Rondo status and :Rondo why print: the server's answers as sentences.
local server = require('rondo.server')

local M = {}

local function print_lines(lines)
  vim.api.nvim_echo({ { table.concat(lines, '\n') } }, true, {})
end

-- Calls `show` with the client's answer to `method` as a table, and nil when it has none.
local function ask(client, method, params, show)
  server.call(client, 'request', method, params, function(err, result)
    if err then
      show(nil, err.message)
    else
      show(type(result) == 'table' and result or nil)
    end
  end, vim.api.nvim_get_current_buf())
end

-- The lines about one server, given its answer to rondo/status.
function M.status_lines(status)
  local model = 'model: ' .. status.model.state
  if status.model.message then
    model = model .. ' (' .. status.model.message .. ')'
  end
  if status.model.sentence then
    model = ('%s, %s\n    %s'):format(model, status.model.sentence, status.model.larger)
  end
  local folders = vim.tbl_map(vim.uri_to_fname, status.folders)
  return {
    ('Rondo %s in %s'):format(status.version, #folders > 0 and table.concat(folders, ', ') or 'single files'),
    '  ' .. model,
    '  index: ' .. status.index.state,
    ('  %d open documents, %d requests waiting'):format(status.documents, status.waiting),
  }
end

function M.status()
  local clients = server.clients()
  if #clients == 0 then
    return print_lines({ 'Rondo: ' .. (select(2, server.client(0)) or 'no server is running') })
  end
  for _, client in ipairs(clients) do
    ask(client, 'rondo/status', vim.empty_dict(), function(status, trouble)
      print_lines(status and M.status_lines(status) or { 'Rondo: ' .. (trouble or 'no answer') })
    end)
  end
end

local function timings_line(timings)
  local parts = {}
  for _, stage in ipairs({ 'context', 'tokenize', 'queued', 'segments', 'prefill', 'decode', 'postprocess' }) do
    local ms = timings[stage .. 'Ms']
    if ms and ms >= 0.05 then
      table.insert(parts, ('%s %.1f'):format(stage, ms))
    end
  end
  return ('  %.1f ms: %s'):format(timings.totalMs or 0, table.concat(parts, ', '))
end

-- "5 steps, 210 tokens", then a line each; nothing of no steps.
function M.step_lines(steps)
  local count, tokens = 0, 0
  local lines = {}
  for _, step in ipairs(type(steps) == 'table' and steps or {}) do
    count = math.max(count, step.step)
    tokens = tokens + step.tokens_generated
    table.insert(lines, ('  %d %s: %s'):format(step.step, step.focus, step.verdict))
  end
  if count > 0 then
    table.insert(lines, 1, ('%d %s, %d tokens'):format(count, count == 1 and 'step' or 'steps', tokens))
  end
  return lines
end

-- The lines about the last request in a document, given the answer to rondo/why.
function M.why_lines(why)
  local asked = why.invoked and 'asked for' or 'asked while typing'
  local lines = {}
  if why.reason then
    table.insert(lines, ('Line %d, %s: nothing, because %s'):format(why.position.line + 1, asked, why.reason))
  else
    table.insert(
      lines,
      ('Line %d, %s: %d suggestions, mean log-probability of the first %.2f'):format(
        why.position.line + 1,
        asked,
        why.suggestions,
        why.meanLogprob
      )
    )
  end
  if why.promptTokens > 0 then
    table.insert(
      lines,
      ('  %d tokens at the cursor (%d known from before), %d of other Blocks, %d written'):format(
        why.promptTokens,
        why.cachedTokens,
        why.segmentTokens,
        why.generatedTokens
      )
    )
    table.insert(lines, timings_line(why.timings))
  end
  if why.gate then
    local gate = '  the model is %d%% sure of its words, %d%% are asked for'
    table.insert(lines, gate:format(why.gate.confidence, why.gate.asked))
  end
  for _, step in ipairs(M.step_lines(why.loop_steps)) do
    table.insert(lines, '  ' .. step)
  end
  for _, block in ipairs(why.blocks) do
    table.insert(lines, ('  %s: %s'):format(block.path, block.reason))
  end
  return lines
end

-- Why the last suggestion was shown, or was not.
function M.why()
  local bufnr = vim.api.nvim_get_current_buf()
  local _, obstacle = require('rondo').may_complete(bufnr)
  local client, no_server = server.client(bufnr)
  if not client then
    return print_lines({ 'Nothing is suggested here: ' .. (obstacle or no_server) })
  end
  local lines = obstacle and { 'Nothing is suggested here: ' .. obstacle } or {}
  local params = { textDocument = { uri = vim.uri_from_bufnr(bufnr) } }
  ask(client, 'rondo/why', params, function(why, trouble)
    print_lines(vim.list_extend(lines, why and M.why_lines(why) or { trouble or 'Nothing was asked in this file yet' }))
  end)
end

function M.counters()
  print_lines(require('rondo.counters').lines())
end

return M
