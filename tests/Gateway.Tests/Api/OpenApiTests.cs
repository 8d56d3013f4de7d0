using Gateway.TestSupport;

namespace Gateway.Tests.Api;

public sealed class OpenApiTests(ApiGateway gateway) : IClassFixture<ApiGateway>
{
    [Fact]
    public async Task The_description_has_every_operation_that_is_documented_and_no_other()
    {
        var described = (await gateway.Server.GetAsync("/openapi/v1.json")).Json.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}"));
        var documented = (await File.ReadAllLinesAsync(Path.Combine(Repository.Root, "docs/api.md")))
            .Where(line => line.StartsWith("### ", StringComparison.Ordinal)).Select(line => line[4..]);
        Assert.Equal(documented.Order(), described.Order());
    }

    [Fact]
    public async Task The_description_says_what_a_publish_takes_and_gives()
    {
        var description = (await gateway.Server.GetAsync("/openapi/v1.json")).Json;
        var operation = description.GetProperty("paths").GetProperty("/api/publish").GetProperty("post");
        var body = operation.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema");
        Assert.Equal(["channel"], body.Texts("required"));
        Assert.Equal(
            ["attachments", "channel", "content", "key", "sender"],
            body.GetProperty("properties").EnumerateObject().Select(property => property.Name).Order());
        Assert.Equal(
            ["200", "400", "401", "413", "503", "504"],
            operation.GetProperty("responses").EnumerateObject().Select(response => response.Name).Order());
        Assert.True(operation.GetProperty("responses").GetProperty("400").GetProperty("content").Has("application/problem+json"));
    }
}
