"""Words for the photographs of clothes: those that training uses, and those that are asked, none of which training used."""

from collections.abc import Iterator

WORDS = {
    "dress": "dress, cocktail dress, maxi dress, frock, 连衣裙, 长裙, 晚礼裙, 裙装",
    "hat": "hat, headwear, sun hat, bucket hat, 帽子, 渔夫帽, 遮阳帽, 草帽",
    "longsleeve": "long-sleeved top, long sleeve t-shirt, sweater, knitwear, 长袖衫, 长袖T恤, 毛衣, 针织衫",
    "outwear": "outerwear, overcoat, anorak, blazer, 外套, 外衣, 风衣, 西装外套",
    "pants": "pants, chinos, leggings, sweatpants, 裤子, 休闲裤, 运动裤, 西裤",
    "shirt": "shirt, oxford shirt, collared shirt, shirt with buttons, 衬衫, 格子衬衫, 商务衬衫, 翻领衬衫",
    "shoes": "shoes, loafers, high heels, running shoes, 鞋子, 高跟鞋, 皮鞋, 凉鞋",
    "shorts": "shorts, denim shorts, hot pants, cargo shorts, 短裤, 热裤, 牛仔短裤, 运动短裤",
    "skirt": "skirt, maxi skirt, midi skirt, A-line skirt, 半身裙, 裙子, A字裙, 包臀裙",
    "t-shirt": "t-shirt, v-neck t-shirt, polo shirt, graphic tee shirt, T恤, 文化衫, 短袖T恤, 半袖",
}
ENGLISH = ("a photo of a {}", "{} for women", "a {} for sale")
CHINESE = ("一张{}的照片", "女士{}", "新款{}")

OTHER_WORDS = {
    "dress": "evening gown, summer dresses, 晚礼服, 碎花连衣裙",
    "hat": "baseball cap, beanie, 棒球帽, 毛线帽",
    "longsleeve": "long sleeve tee, tops with long sleeves, 长袖上衣, 长袖打底衫",
    "outwear": "winter coat, jacket, 大衣, 羽绒服",
    "pants": "trousers, jeans, 长裤, 牛仔裤",
    "shirt": "dress shirt, button-up shirt, 衬衣, 男士衬衣",
    "shoes": "sneakers, boots, 运动鞋, 靴子",
    "shorts": "swim shorts, short pants, 五分裤, 沙滩短裤",
    "skirt": "miniskirt, pleated skirt, 百褶裙, 短裙",
    "t-shirt": "tee, short-sleeved tee shirt, 短袖, 圆领T恤",
}
OTHER_PHRASES = {
    "dress": "elegant dress for a party, long dresses, 我想买一条漂亮的连衣裙, 夏季连衣裙",
    "hat": "a hat that keeps the sun off, warm hats, 我想买一顶帽子, 遮阳帽子",
    "longsleeve": "a top with long sleeves, long-sleeved shirt for autumn, 秋季长袖, 我想买长袖的衣服",
    "outwear": "an outer garment for cold days, outerwear for winter, 冬季外套, 我想买一件保暖外套",
    "pants": "a pair of pants, comfortable pants for work, 我想买一条裤子, 上班穿的裤子",
    "shirt": "an elegant shirt for the office, ironed shirts, 我想买一件衬衫, 办公室衬衫",
    "shoes": "a pair of shoes, comfortable shoes for walking, 我想买一双鞋, 走路穿的舒适鞋子",
    "shorts": "a pair of shorts, shorts for the beach, 我想买一条短裤, 夏天穿的短裤",
    "skirt": "a short skirt, skirts for school, 我想买一条半身裙, 夏季裙子",
    "t-shirt": "a plain t-shirt, cotton t-shirts, 我想买一件T恤, 纯棉T恤",
}


def learned_from(name: str) -> list[str]:
    """All texts of a class that training uses: its words, and each in the templates of its language."""
    words = WORDS[name].split(", ")
    return [*words, *(template.format(word) for word in words for template in (ENGLISH if word.isascii() else CHINESE))]


def asked(groups: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Query and class."""
    return ((word, name) for name, words in groups.items() for word in words.split(", "))
