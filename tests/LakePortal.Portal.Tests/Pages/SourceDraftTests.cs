using LakePortal.Portal.Pages.Sources;

namespace LakePortal.Portal.Tests.Pages;

public sealed class SourceDraftTests
{
    [Fact]
    public void The_port_follows_the_type_until_somebody_sets_it()
    {
        var draft = new SourceDraft { Name = "rental", Host = "db", Username = "lake", Type = "mariadb" };
        Assert.Equal(3306, draft.Port);

        draft.Type = "postgres";
        Assert.Equal(5432, draft.Port);

        draft.Port = 15432;
        draft.Type = "mysql";
        Assert.Equal(15432, draft.Port);
    }

    [Fact]
    public void A_whole_server_needs_no_database()
    {
        var draft = new SourceDraft { Name = "rental", Host = "db", Username = "lake", Type = "mysql" };

        Assert.Empty(draft.Faults());
        Assert.Equal("kind: source\nname: rental\ntype: mysql\nhost: db\nport: 3306\nusername: lake", draft.Yaml().ReplaceLineEndings("\n"));
        draft.Type = "postgres";
        Assert.Contains("database", draft.Faults().Keys);
    }
}
