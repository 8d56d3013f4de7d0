namespace Gateway.Server.Api;

/// <summary>Safe for any thread. Does what a command asks for; its fields are read before it returns, never after.</summary>
internal delegate ValueTask<ApiReply> ApiOperation(in ApiFields fields);
