using System.Globalization;
using System.Text.Json;

namespace Gateway.Load.Reports;

/// <summary>A report as JSON, for programs, and as a page, for people. Stateless.</summary>
internal static class ReportFiles
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static string ToJson(Report report) => JsonSerializer.Serialize(report, Json);

    /// <summary>Writes both, named after the scenario and when it started.</summary>
    /// <returns>The page.</returns>
    public static FileInfo Write(Report report, DirectoryInfo folder)
    {
        folder.Create();
        string name = string.Create(CultureInfo.InvariantCulture, $"{report.Scenario}-{report.StartedAt:yyyyMMdd-HHmmss}");
        File.WriteAllText(Path.Combine(folder.FullName, name + ".json"), ToJson(report));
        var page = new FileInfo(Path.Combine(folder.FullName, name + ".html"));
        File.WriteAllText(page.FullName, HtmlReport.Write(report));
        return page;
    }
}
