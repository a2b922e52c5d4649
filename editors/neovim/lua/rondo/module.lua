-- Generate Module: asks for a sentence and a language, shows the plan, has the server write it, and makes the files.
-- Nothing exists before that, and :Rondo undo takes it back.
local requests = require('rondo.requests')
local server = require('rondo.server')

local M = {}

local languages = { 'as most files there', 'python', 'javascript', 'typescript', 'go', 'rust' }
local made -- of the last module: { { path, text }, ... }

local function say_error(text)
  requests.say(text, vim.log.levels.ERROR)
end

local function read(path)
  local file = io.open(path, 'rb')
  local text = file and file:read('*a')
  if file then
    file:close()
  end
  return text
end

local function remove(files)
  for _, file in ipairs(files) do
    os.remove(file.path)
  end
end

-- The files of an edit that makes them, each with its text.
local function files_of(edit)
  local files = {}
  for _, change in ipairs(edit.documentChanges) do
    if change.kind == 'create' then
      table.insert(files, { path = vim.uri_to_fname(change.uri), text = '' })
    else
      files[#files].text = change.edits[1].newText
    end
  end
  return files
end

-- All of them, or none. Returns a sentence when something is wrong.
local function write(files)
  for _, file in ipairs(files) do
    if read(file.path) then
      return file.path .. ' is there already'
    end
  end
  for index, file in ipairs(files) do
    vim.fn.mkdir(vim.fn.fnamemodify(file.path, ':h'), 'p')
    local out, trouble = io.open(file.path, 'wb')
    if not out then
      remove(vim.list_slice(files, 1, index - 1))
      return trouble
    end
    out:write(file.text)
    out:close()
  end
end

-- Takes the last module back, as far as nobody has changed it.
function M.undo()
  if not made then
    return requests.say('no module was made here')
  end
  for _, file in ipairs(made) do
    local bufnr = vim.fn.bufnr(file.path)
    if read(file.path) ~= file.text or (bufnr > 0 and vim.bo[bufnr].modified) then
      return say_error(file.path .. ' was changed since; nothing is removed')
    end
  end
  for _, file in ipairs(made) do
    local bufnr = vim.fn.bufnr(file.path)
    if bufnr > 0 then
      vim.api.nvim_buf_delete(bufnr, { force = true })
    end
  end
  remove(made)
  requests.say(('%d files were removed again'):format(#made))
  made = nil
end

local function finish(written)
  local files = files_of(written.edit)
  local trouble = write(files)
  if trouble then
    return say_error(trouble)
  end
  made = files
  vim.cmd('edit ' .. vim.fn.fnameescape(files[1].path))
  local report = require('rondo.report')
  local sentence = ('%d of %d bodies written in %s.'):format(
    written.written,
    written.functions,
    report.step_lines(written.loop_steps)[1]
  )
  local said = vim.list_extend({ sentence }, written.notes)
  requests.say(table.concat(vim.list_extend(said, { '`:Rondo undo` removes it' }), ' '))
  M.last = written
end

function M.plan_lines(plan)
  local lines = {}
  for _, file in ipairs(plan.files) do
    table.insert(lines, file.path)
    for _, signature in ipairs(file.signatures) do
      table.insert(lines, '    ' .. signature)
    end
  end
  return vim.list_extend(lines, { '', plan.label, 'Nothing exists until you say so.' })
end

-- The plan in a window of its own, while the user is asked.
local function confirm(plan, done)
  local bufnr = vim.api.nvim_create_buf(false, true)
  local lines = M.plan_lines(plan)
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, lines)
  vim.bo[bufnr].bufhidden = 'wipe'
  vim.cmd('botright ' .. math.min(#lines, 12) .. 'split')
  local window = vim.api.nvim_get_current_win()
  vim.api.nvim_win_set_buf(window, bufnr)
  vim.cmd('redraw')
  vim.ui.select(
    { 'Generate', 'Change the sentence', 'Cancel' },
    { prompt = ('Generate the module %s?'):format(plan.name) },
    function(choice)
      if vim.api.nvim_win_is_valid(window) then
        vim.api.nvim_win_close(window, true)
      end
      done(choice)
    end
  )
end

local function ask_for_plan(client, folder, sentence, language)
  local order = { folder = vim.uri_from_fname(folder), sentence = sentence, language = language }
  requests.send(client, 'rondo/modulePlan', order, 'planning a module', function(plan)
    confirm(plan, function(choice)
      if choice == 'Generate' then
        order.language = plan.language
        requests.send(client, 'rondo/moduleWrite', order, 'writing ' .. plan.name, finish)
      elseif choice == 'Change the sentence' then
        M.generate(folder, sentence)
      end
    end)
  end)
end

-- `folder`: where it will lie; the current file's without. `sentence`: to begin with.
function M.generate(folder, sentence)
  local client = server.client(0) or server.clients()[1]
  if not client then
    return requests.say(select(2, server.client(0)), vim.log.levels.WARN)
  end
  local name = vim.api.nvim_buf_get_name(0)
  folder = folder and folder ~= '' and folder or name ~= '' and vim.fn.fnamemodify(name, ':p:h') or vim.fn.getcwd()
  folder = vim.fn.fnamemodify(vim.fn.expand(folder), ':p'):gsub('(.)/$', '%1')
  local prompt = 'What the module does, or "name: load(path), total(lines)": '
  vim.ui.input({ prompt = prompt, default = sentence or '' }, function(said)
    if not said or said == '' then
      return
    end
    vim.ui.select(languages, { prompt = 'Language' }, function(language)
      if language then
        ask_for_plan(client, folder, said, language == languages[1] and '' or language)
      end
    end)
  end)
end

return M
