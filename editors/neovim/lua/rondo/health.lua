-- :checkhealth rondo
local options = require('rondo.options')
local report = require('rondo.report')
local server = require('rondo.server')

local M = {}

local timeout_ms = 10000

-- The functions were renamed with 0.8, those of before went with 0.11.
local health = vim.health or require('health')
local start = health.start or health.report_start
local ok = health.ok or health.report_ok
local info = health.info or health.report_info
local warn = health.warn or health.report_warn
local fail = health.error or health.report_error

local function check_editor()
  start('Rondo: editor')
  local version = vim.version()
  local name = ('Neovim %d.%d.%d'):format(version.major, version.minor, version.patch)
  if vim.fn.has('nvim-0.7.2') == 0 then
    fail(name .. ' is too old', { 'Rondo needs Neovim 0.7.2 or newer' })
  elseif options.current.native then
    ok(name .. ', which draws the suggestions by vim.lsp.inline_completion')
  else
    ok(name .. ', drawing by extmarks')
  end
end

local function check_program()
  start('Rondo: program')
  local command, sentence = server.command()
  if not command then
    fail(sentence)
    return nil
  end
  info('command: ' .. table.concat(command, ' '))
  local version = vim.trim(vim.fn.system({ command[1], '--version' }))
  if vim.v.shell_error ~= 0 then
    fail(('%s --version failed: %s'):format(command[1], version))
    return nil
  end
  ok(version)
  return command
end

-- A client that was started for this check alone, or nil.
local function start_client()
  local config = server.config(nil)
  config.name = 'rondo-health'
  config.on_attach, config.on_exit = nil, nil
  local id
  if vim.fn.has('nvim-0.11') == 1 then
    id = vim.lsp.start(config, { attach = false })
  else
    id = vim.lsp.start_client(config)
  end
  local client = id and vim.lsp.get_client_by_id(id)
  vim.wait(timeout_ms, function()
    return client == nil or client.initialized == true
  end, 20)
  return client and client.initialized and client
end

local function check_model(status)
  if status.model.state == 'failed' then
    fail(status.model.message)
  else
    ok('the model is ' .. status.model.state)
  end
end

local function check_server()
  start('Rondo: server')
  local running = server.clients()[1]
  local client = running or start_client()
  if not client then
    fail('the server does not answer `initialize`', { 'See ' .. require('vim.lsp.log').get_filename() })
    return
  end
  ok('the server answers `initialize`')
  local answer, trouble = server.call(client, 'request_sync', 'rondo/status', vim.empty_dict(), timeout_ms, 0)
  if answer and answer.result then
    for _, line in ipairs(report.status_lines(answer.result)) do
      info(vim.trim(line))
    end
    check_model(answer.result)
  else
    fail('the server does not answer `rondo/status`: ' .. (trouble or answer and answer.err.message or ''))
  end
  if not running then
    server.call(client, 'stop')
  end
end

-- Every listed file, and why nothing is suggested in it.
local function check_files()
  start('Rondo: open files')
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    local name = vim.api.nvim_buf_get_name(bufnr)
    if vim.bo[bufnr].buflisted and vim.api.nvim_buf_is_loaded(bufnr) and name ~= '' then
      name = vim.fn.fnamemodify(name, ':~:.')
      local obstacle = require('rondo.inline').obstacle(bufnr)
      if obstacle then
        warn(name .. ': nothing is suggested: ' .. obstacle)
      else
        ok(name .. ': served; `:Rondo why` in it tells of the last suggestion')
      end
    end
  end
end

function M.check()
  check_editor()
  if check_program() then
    check_server()
  end
  check_files()
end

return M
