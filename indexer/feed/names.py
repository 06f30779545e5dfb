"""The names that shops, shop systems and feed formats give to the columns of each field, the surest first."""

NAMES: dict[str, tuple[str, ...]] = {
    "id": (
        *("id", "product_id", "item_id", "sku", "product_code", "article_number", "article_id", "item_number", "unique_id", "variant_sku"),
        *("offer_id", "sku_id", "item_no", "handle", "url_handle", "商品编号", "商品编码", "商品id", "编号", "编码", "货号"),
    ),
    "title": ("title", "product_title", "name", "product_name", "item_name", "标题", "商品标题", "商品名称", "产品名称", "名称", "品名"),
    "description": (
        *("description", "product_description", "body", "body_html", "body_(html)", "long_description", "short_description", "summary"),
        *("描述", "商品描述", "产品描述", "详情", "商品详情"),
    ),
    "brand": ("brand", "brand_name", "vendor", "supplier", "manufacturer", "maker", "品牌", "品牌名称"),
    "category": (
        *("category", "categories", "category_path", "product_type", "product_category", "google_product_category", "breadcrumb"),
        *("breadcrumbs", "分类", "商品分类", "类目", "商品类目", "类别"),
    ),
    "price_minor": ("price_minor", "price_in_minor_units", "price_cents", "price_in_cents", "amount_minor"),
    "price": (
        *("price", "amount", "unit_price", "retail_price", "variant_price", "regular_price", "selling_price"),
        *("价格", "商品价格", "售价", "销售价", "单价"),
    ),
    "compare_price": (
        *("compare_at_price", "variant_compare_at_price", "was_price", "old_price", "original_price", "原价", "市场价", "划线价"),
    ),
    "sale_price": (
        *("sale_price", "special_price", "discount_price", "discounted_price", "promo_price", "promotional_price", "promotion_price"),
        *("促销价", "特价", "活动价", "折扣价"),
    ),
    "sale_dates": ("sale_price_effective_date", "sale_effective_date", "sale_price_dates", "sale_dates", "促销时间"),
    "sale_from": (
        *("sale_from", "sale_price_from", "sale_start", "sale_starts", "sale_start_date", "sale_begins", "date_sale_price_starts"),
        *("date_on_sale_from", "special_from_date", "special_price_from_date", "促销开始时间", "活动开始时间"),
    ),
    "sale_until": (
        *("sale_until", "sale_to", "sale_price_to", "sale_end", "sale_ends", "sale_end_date", "date_sale_price_ends"),
        *("date_on_sale_to", "special_to_date", "special_price_to_date", "促销结束时间", "活动结束时间"),
    ),
    "currency": ("currency", "currency_code", "price_currency", "币种", "货币"),
    "stock": (
        *("stock", "quantity", "inventory", "qty", "stock_quantity", "stock_level", "stock_on_hand", "inventory_quantity"),
        *("inventory_level", "quantity_available", "available_quantity", "variant_inventory_qty", "库存", "库存数量", "库存量"),
    ),
    "availability": ("availability", "stock_status", "in_stock", "in_stock?", "is_in_stock", "库存状态", "是否有货"),
    "gtin": (
        *("gtin", "gtin13", "gtin14", "gtin12", "gtin8", "ean", "ean13", "ean_code", "upc", "upc_code", "barcode", "variant_barcode"),
        *("isbn", "isbn13", "isbn10", "jan", "global_trade_item_number", "条形码", "条码", "商品条码"),
    ),
    "photos": (
        *("photos", "photo", "images", "image", "image_link", "image_links", "image_url", "image_urls", "image_src", "image_path"),
        *("main_image", "product_image_url", "img", "img_url", "img_high", "picture", "pictures", "picture_url"),
        *("图片", "主图", "商品图片", "图片链接", "additional_image_link", "additional_image_links", "additional_images", "variant_image"),
        *("variant_image_url", "附图"),
    ),
    "group": (
        *("group", "group_id", "item_group_id", "item_group", "variant_group", "parent_id", "parent_sku", "model_group", "spu", "spu_id"),
        *("商品组", "款号"),
    ),
    "language": ("language", "lang", "locale", "language_code", "content_language", "语言"),
    "popularity": ("popularity", "popularity_score", "units_sold", "销量"),
    "since": (
        *("since", "available_since", "on_sale_since", "available_from", "availability_date", "published_at", "publish_date"),
        *("published_date", "date_published", "release_date", "released_at", "date_released", "launch_date", "launched_at", "date_added"),
        *("created_at", "date_created", "creation_date", "上架时间", "上架日期", "发布时间", "发布日期", "上市时间"),
    ),
    "version": (
        *("version", "sequence", "seq", "revision", "updated_at", "update_time", "updated", "last_modified", "last_updated"),
        *("modified_at", "modified", "更新时间"),
    ),
    "deleted": ("deleted", "is_deleted", "removed", "tombstone", "已删除"),
    "attributes": ("attributes", "attrs", "properties", "specs", "specifications", "属性"),
}
"""The names of each field's column, the surest first."""
