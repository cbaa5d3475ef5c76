in vec2 v_at;
flat in float v_length;
flat in float v_half;
flat in vec4 v_colour;
layout (location = 0) out vec4 colour;

void main() {
    float past = max(max(-v_at.x, v_at.x - v_length), 0.0);
    float off = length(vec2(past, v_at.y));
    float alpha = clamp(v_half + 0.5 - off, 0.0, 1.0) * v_colour.a;
    if (alpha < 0.004) discard;
    colour = vec4(v_colour.rgb, alpha);
}
