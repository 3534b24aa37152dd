using LakePortal.Iceberg.Catalog;

namespace LakePortal.Iceberg.Tests.Catalog;

public sealed class InMemoryCatalogStoreTests : CatalogStoreContract
{
    private readonly InMemoryCatalogStore _store = new();

    protected override Task<ICatalogStore> OpenAsync() => Task.FromResult<ICatalogStore>(_store);
}
