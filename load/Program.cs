using Gateway.Load;

return await LoadCommand.Root().Parse(args).InvokeAsync();
