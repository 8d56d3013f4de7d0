namespace Gateway.Server.Api;

/// <summary>Does what a command asks for; its fields are read before it returns, never after. Safe for any thread.</summary>
internal delegate ValueTask<ApiReply> ApiOperation(in ApiFields fields);
