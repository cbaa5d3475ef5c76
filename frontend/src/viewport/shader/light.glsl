// Two soft lights that travel with the camera, a sky and a floor, a faint rim. `n` in view space, colour in sRGB.
vec3 lit(vec3 colour, vec3 n, vec3 sky) {
    vec3 base = pow(colour, vec3(2.2));
    float key = max(dot(n, normalize(vec3(-0.42, 0.58, 0.70))), 0.0);
    float fill = max(dot(n, normalize(vec3(0.65, -0.10, 0.55))), 0.0);
    float above = 0.5 + 0.5 * dot(n, sky);
    float facing = clamp(n.z, 0.0, 1.0);
    vec3 light = vec3(0.16, 0.17, 0.19) + above * vec3(0.28, 0.29, 0.31)
        + key * vec3(0.58, 0.57, 0.55) + fill * vec3(0.17, 0.18, 0.20);
    vec3 half_way = normalize(vec3(-0.42, 0.58, 0.70) + vec3(0.0, 0.0, 1.0));
    float gloss = pow(max(dot(n, half_way), 0.0), 48.0) * 0.10;
    float rim = pow(1.0 - facing, 4.0) * 0.10;
    return pow(base * light + gloss + rim * base, vec3(1.0 / 2.2));
}
